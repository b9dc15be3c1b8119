//! The registry as text: OpenMetrics, as the client library writes it, or the older format 0.0.4 that everything reads.
//!
//! They differ in little. In 0.0.4 a counter is named with its `_total` in the `HELP` and `TYPE` lines too, an info metric
//! is a gauge, and there is no end mark.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Plain,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The one that an `Accept` header asks for: OpenMetrics where it names it, 0.0.4 otherwise.
    pub fn accepted(accept: Option<&str>) -> Self {
        let names = |part: &str| {
            let mut parameters = part.split(';').map(str::trim);
            let media = parameters.next().unwrap_or_default();
            media.eq_ignore_ascii_case("application/openmetrics-text")
                && !parameters.any(|parameter| matches!(parameter, "q=0" | "q=0.0"))
        };
        if accept.is_some_and(|accept| accept.split(',').any(names)) {
            Self::OpenMetrics
        } else {
            Self::Plain
        }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Everything that is registered.
pub(super) fn write(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    Ok(match format {
        Format::OpenMetrics => text,
        Format::Plain => plain(&text),
    })
}

/// OpenMetrics as format 0.0.4.
fn plain(open: &str) -> String {
    let mut plain = String::with_capacity(open.len() + 1024);
    let mut lines = open.lines().peekable();
    while let Some(line) = lines.next() {
        match line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            // The help comes before the type that says how the name goes on.
            Some((name, help)) => {
                let kind = lines.peek().and_then(|next| next.rsplit_once(' ')).map_or("", |(_, kind)| kind);
                let (name, kind) = renamed(name, kind);
                plain += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
                lines.next();
            }
            None if line.starts_with('#') => {}
            None => {
                plain += line;
                plain.push('\n');
            }
        }
    }
    plain
}

/// The name that the samples have, and the type, in 0.0.4.
fn renamed<'k>(name: &str, kind: &'k str) -> (String, &'k str) {
    match kind {
        "counter" => (format!("{name}_total"), kind),
        "info" => (format!("{name}_info"), "gauge"),
        "unknown" => (name.to_owned(), "untyped"),
        _ => (name.to_owned(), kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_names_samples_as_they_are() {
        let open = "# HELP a_b Something.\n# TYPE a_b counter\na_b_total{t=\"x\"} 1\n# HELP c C.\n# TYPE c info\n\
                    c_info{v=\"1\"} 1\n# HELP d D.\n# TYPE d gauge\n# UNIT d seconds\nd 2.5\n# EOF\n";
        let expected = "# HELP a_b_total Something.\n# TYPE a_b_total counter\na_b_total{t=\"x\"} 1\n# HELP c_info C.\n\
                        # TYPE c_info gauge\nc_info{v=\"1\"} 1\n# HELP d D.\n# TYPE d gauge\nd 2.5\n";
        assert_eq!(plain(open), expected);
    }

    #[test]
    fn open_metrics_only_where_it_is_asked_for() {
        let rows = [
            (None, Format::Plain),
            (Some("*/*"), Format::Plain),
            (Some("text/plain;version=0.0.4"), Format::Plain),
            (Some("application/openmetrics-text"), Format::OpenMetrics),
            (Some("application/openmetrics-text;q=0, text/plain"), Format::Plain),
            (
                Some("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
                Format::OpenMetrics,
            ),
        ];
        for (accept, format) in rows {
            assert_eq!(Format::accepted(accept), format, "{accept:?}");
        }
    }
}
