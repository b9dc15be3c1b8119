//! The lines of a stream, none of them longer in memory than a limit.

use std::io::{self, BufRead};

/// The lines of a stream, without their ends. Of a longer one than `limit` only one byte more is kept.
pub(super) struct Lines<R> {
    reader: R,
    limit: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit }
    }

    /// The next line; `None` at the end. A last line may lack its end.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut begun = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok([]) => return Ok(begun.then_some(line)),
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            begun = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = end.map_or(chunk, |end| &chunk[..end]);
            let room = (self.limit + 1).saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            let consumed = end.map_or(part.len(), |end| end + 1);
            self.reader.consume(consumed);
            if end.is_some() {
                if line.len() <= self.limit && line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn no_line_is_lost_or_longer_than_the_limit() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n\nb\r\n", &["a", "", "b"]),
            ("abcd\nabcde\nabcdefgh\nx", &["abcd", "abcde", "abcde", "x"]),
            ("abcd\r\n", &["abcd\r"]),
        ];
        for (text, expected) in cases {
            for buffer in [1, 3, 100] {
                let lines = Lines::new(BufReader::with_capacity(buffer, text.as_bytes()), 4);
                let lines: Vec<String> =
                    lines.map(|line| String::from_utf8(line.unwrap()).unwrap()).collect();
                assert_eq!(lines, *expected, "{text:?}");
            }
        }
    }
}
