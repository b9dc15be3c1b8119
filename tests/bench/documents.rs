//! Documents to measure with.

/// A document as somebody would write it, each a little different; every fourth one is weak.
pub fn written(number: usize) -> String {
    let weak = number.is_multiple_of(4);
    let mut text = format!(
        "# Policy {number}: what the chat of shop {number} loads, and from where.\napiVersion: chatward.dev/v1\n\
         kind: WebchatSecurityPolicy\nmetadata:\n  name: shop-{number}\n  tenant: default\n  annotations:\n    \
         team: chat-{}\nspec:\n  targetBrowsers: {{ chrome: 110, firefox: 115, safari: 16.4 }}\n  reportUri: /csp/{number}\n  \
         cspDirectives:\n    default-src: \"'self'\"\n    base-uri: \"'none'\"\n    object-src: \"'none'\"\n    \
         form-action: \"'self'\"\n    frame-ancestors: [\"'self'\", \"https://shop-{number}.example\"]\n",
        number % 7
    );
    for (directive, own, hosts) in [
        ("script-src", "'self'", 10),
        ("style-src", "'self'", 8),
        ("img-src", "'self'", 14),
        ("connect-src", "'self'", 12),
        ("font-src", "'self'", 5),
        ("frame-src", "'self'", 4),
    ] {
        text += &format!("    {directive}:\n      - \"{own}\"\n");
        if weak && directive == "script-src" {
            text += "      - \"'unsafe-inline'\"\n";
        }
        for host in 0..hosts {
            text +=
                &format!("      - https://host-{host}.cdn-{}.example/{directive}/\n", (number + host) % 50);
        }
    }
    text += "  xssRules: { mode: block, rules: [strip-script-tags, sanitize-event-handlers, block-script-uris] }\n  \
             botDetection:\n    challengeType: hCaptcha\n    rateLimitPerMinute: 20\n    rules:\n      \
             - { name: rapid-fire-detection, threshold: 5, windowSeconds: 10 }\n";
    text
}
