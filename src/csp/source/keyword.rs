//! The keywords that may stand among sources.

macro_rules! keywords {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A keyword. In a policy it stands in single quotes, in any case of letters.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Keyword {
            $($(#[$doc])* $variant,)*
        }

        impl Keyword {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, without quotes.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

keywords! {
    /// Nothing matches; only alone in its list.
    None = "none",
    /// The page's own origin.
    SelfOrigin = "self",
    /// Inline scripts and styles.
    UnsafeInline = "unsafe-inline",
    /// `eval` and its like.
    UnsafeEval = "unsafe-eval",
    /// WebAssembly, without `eval`.
    WasmUnsafeEval = "wasm-unsafe-eval",
    /// `eval` of what Trusted Types let through.
    TrustedTypesEval = "trusted-types-eval",
    /// Scripts that a trusted script loads.
    StrictDynamic = "strict-dynamic",
    /// Event handlers and style attributes whose hash is listed.
    UnsafeHashes = "unsafe-hashes",
    /// The first characters of what was blocked go into the report.
    ReportSample = "report-sample",
    /// Hashes of what was loaded are reported.
    ReportSha256 = "report-sha256",
    /// As `report-sha256`, with SHA-384.
    ReportSha384 = "report-sha384",
    /// As `report-sha256`, with SHA-512.
    ReportSha512 = "report-sha512",
    /// For the retired `navigate-to`.
    UnsafeAllowRedirects = "unsafe-allow-redirects",
    /// WebTransport certificates given by hash.
    UnsafeWebtransportHashes = "unsafe-webtransport-hashes",
    /// Inline speculation rules.
    InlineSpeculationRules = "inline-speculation-rules",
}

impl Keyword {
    /// The keyword of that name, without quotes, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|keyword| keyword.name().eq_ignore_ascii_case(name))
    }
}
