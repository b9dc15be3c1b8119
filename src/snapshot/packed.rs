//! Values as bytes: what is known of a file, small in memory and cheap to read from disk.
//!
//! Numbers are little-endian and texts carry their length. Nothing here says what the bytes mean: a reader that is given
//! others gets nothing, never a wrong length or a panic.

/// Writes values one after another.
#[derive(Debug, Default)]
pub struct Packer(Vec<u8>);

impl Packer {
    /// A number.
    pub fn number(&mut self, number: u64) {
        // Seven bits a byte, the lowest first: most numbers here are small.
        let mut rest = number;
        while rest >= 0x80 {
            self.0.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.0.push(rest.to_le_bytes()[0]);
    }

    /// Bytes whose length whoever reads them knows.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Bytes, with their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A value that may not be there.
    pub fn maybe<T>(&mut self, value: Option<T>, pack: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(value.is_some()));
        if let Some(value) = value {
            pack(self, value);
        }
    }

    /// Everything that was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what a [`Packer`] wrote; `None` where the bytes are not that.
#[derive(Debug, Clone)]
pub struct Unpacker<'a>(&'a [u8]);

impl<'a> Unpacker<'a> {
    /// From the first of these bytes on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number that is an index or a length.
    pub fn size(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    /// A number of at most 32 bits.
    pub fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// So many bytes.
    pub fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// An array of bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.raw(N)?.try_into().ok()
    }

    /// Bytes with their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.size()?;
        self.raw(length)
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A value that may not be there.
    pub fn maybe<T>(&mut self, unpack: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            1 => unpack(self).map(Some),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(number: u64, text: String, there: Option<String>) {
            let mut packer = Packer::default();
            packer.number(number);
            packer.text(&text);
            packer.maybe(there.as_deref(), Packer::text);
            let bytes = packer.finish();
            let mut unpacker = Unpacker::new(&bytes);
            prop_assert_eq!(unpacker.number(), Some(number));
            prop_assert_eq!(unpacker.text(), Some(&*text));
            prop_assert_eq!(unpacker.maybe(Unpacker::text), Some(there.as_deref()));
            prop_assert!(unpacker.is_empty());
        }

        #[test]
        fn other_bytes_are_nothing_worse(bytes: Vec<u8>) {
            let mut unpacker = Unpacker::new(&bytes);
            while !unpacker.is_empty() && unpacker.maybe(Unpacker::text).is_some() {}
        }
    }
}
