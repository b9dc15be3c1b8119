//! What a scalar is: the core schema of YAML 1.2 (§10.3.2), which speaks of plain scalars alone.

/// What a scalar resolves to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, possibly larger than any type.
    Integer,
    /// A number with a point or an exponent, an infinity or not a number.
    Float,
    /// Anything else.
    String,
}

/// Resolves the text of a plain scalar.
pub fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Resolved::Float,
        _ if integer_digits(text).is_some() => Resolved::Integer,
        _ if is_float(text) => Resolved::Float,
        _ => Resolved::String,
    }
}

/// Why a text gives no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWhole {
    /// It is no whole number at all.
    Other,
    /// It is one below zero.
    Negative,
    /// It is one beyond what is sent.
    TooLarge,
}

/// The whole number that a plain scalar resolves to.
pub fn whole(text: &str) -> Result<u32, NotWhole> {
    let (radix, digits) = integer_digits(text).ok_or(NotWhole::Other)?;
    match u32::from_str_radix(digits, radix) {
        Ok(number) if number > 0 && text.starts_with('-') => Err(NotWhole::Negative),
        Ok(number) => Ok(number),
        Err(_) if text.starts_with('-') => Err(NotWhole::Negative),
        Err(_) => Err(NotWhole::TooLarge),
    }
}

/// The radix and the digits, without a sign.
fn integer_digits(text: &str) -> Option<(u32, &str)> {
    let (radix, digits) = if let Some(digits) = text.strip_prefix("0o") {
        (8, digits)
    } else if let Some(digits) = text.strip_prefix("0x") {
        (16, digits)
    } else {
        (10, text.strip_prefix(['-', '+']).unwrap_or(text))
    };
    let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    all.then_some((radix, digits))
}

fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_is = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    mantissa_is && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema() {
        let cases: &[(&str, Resolved)] = &[
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("null", Resolved::Null),
            ("nULL", Resolved::String),
            ("True", Resolved::Bool(true)),
            ("yes", Resolved::String),
            ("on", Resolved::String),
            ("0", Resolved::Integer),
            ("-12", Resolved::Integer),
            ("0o14", Resolved::Integer),
            ("0xfF", Resolved::Integer),
            ("-0xf", Resolved::String),
            ("1_000", Resolved::String),
            ("12:30:45", Resolved::String),
            ("15.4", Resolved::Float),
            ("15.", Resolved::Float),
            (".5", Resolved::Float),
            ("1e3", Resolved::Float),
            ("+.inf", Resolved::Float),
            (".", Resolved::String),
            ("1e", Resolved::String),
            ("e3", Resolved::String),
            ("1.2.3", Resolved::String),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn whole_numbers() {
        let cases: &[(&str, Result<u32, NotWhole>)] = &[
            ("12", Ok(12)),
            ("012", Ok(12)),
            ("+5", Ok(5)),
            ("-0", Ok(0)),
            ("0x10", Ok(16)),
            ("-1", Err(NotWhole::Negative)),
            ("-99999999999999999999", Err(NotWhole::Negative)),
            ("4294967295", Ok(u32::MAX)),
            ("4294967296", Err(NotWhole::TooLarge)),
            ("5.0", Err(NotWhole::Other)),
        ];
        for (text, expected) in cases {
            assert_eq!(whole(text), *expected, "{text:?}");
        }
    }
}
