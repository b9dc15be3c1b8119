//! The JSON Schema of a document, derived from the types of [`crate::policy`].
//!
//! Editors complete and check with it what [`super::document`] reads. It may allow more than validation does, and
//! never less: values that a tenant may know are examples and not the only ones.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{API_VERSION, KIND, ON_DRIFT, PolicyName, Spec, TenantName};
use crate::csp::{Directives, Version};
use crate::drift::OnDrift;
use crate::finding::Spanned;

/// Where the schema is known to be.
const ID: &str = "https://chatward.dev/schema/v1/webchat-security-policy.json";

/// A webchat security policy of a CXone tenant.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields, title = "Webchat security policy")]
#[expect(dead_code, reason = "only its schema is used; `document` reads it key by key, for the places")]
struct PolicyDocument {
    /// The version of this format.
    #[schemars(extend("const" = API_VERSION))]
    api_version: String,
    /// What the document is.
    #[schemars(extend("const" = KIND))]
    kind: String,
    /// Which policy it is.
    metadata: Metadata,
    /// What the policy says.
    spec: Spec,
}

/// Which policy a document is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "as above")]
struct Metadata {
    /// The policy's name, unique in its tenant.
    name: PolicyName,
    /// The tenant; may be left out where exactly one is configured.
    tenant: Option<TenantName>,
    /// Free notes for people and other tools. The prefix `chatward.dev/` is reserved: `chatward.dev/suspend` with a time and a
    /// reason leaves the policy alone until then.
    #[schemars(default, extend("properties" = annotations()))]
    annotations: BTreeMap<String, String>,
}

/// What is known of our own annotations.
fn annotations() -> Value {
    serde_json::json!({
        ON_DRIFT: {
            "type": "string",
            "description": "What is done where somebody changed this policy at the tenant, whatever the tenant's live.on_drift says.",
            "enum": OnDrift::ALL.map(|(_, word)| word),
            "examples": ["correct"],
        },
    })
}

/// The JSON Schema (draft 2020-12) of one document.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_null));
    let mut schema = settings.into_generator().into_root_schema_for::<PolicyDocument>();
    schema.insert("$id".to_owned(), ID.into());
    schema.to_value()
}

/// What may be left out may not be null: a key without a value is a mistake.
fn without_null(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(only)] = branches.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            schema.insert(key, value);
        }
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A browser's version, such as 16 or 15.4.",
            "type": ["number", "string"],
            "minimum": 1,
            "pattern": "^[0-9]+(\\.[0-9]+)?$",
        })
    }
}

/// As the number that it is, which is how the schema shows a default; a minor version keeps its digits as text.
impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.minor {
            0 => self.major.serialize(serializer),
            _ => serializer.collect_str(self),
        }
    }
}

impl JsonSchema for Directives {
    fn schema_name() -> Cow<'static, str> {
        "Directives".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Content-Security-Policy directives (CSP Level 3), by name.",
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9-]+$" },
            "maxProperties": 200,
            "additionalProperties": {
                "description": "Sources in one string, or one a line; `true` for a directive that takes none.",
                "anyOf": [
                    { "type": "string" },
                    { "type": "array", "items": { "type": "string" }, "maxItems": 1000 },
                    { "const": true },
                ],
            },
            "examples": [{ "default-src": "'self'", "script-src": ["'self'", "https://cdn.example"] }],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::policy::document::parse;

    /// A value that a property's schema allows.
    fn sample(root: &Value, schema: &Value) -> Value {
        let schema = resolve(root, schema);
        if let Some(value) = schema.get("const").or_else(|| schema.get("default")) {
            return value.clone();
        }
        if let Some(example) = schema.pointer("/examples/0") {
            return example.clone();
        }
        match schema["type"].as_str() {
            Some("object") => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) => {
                    properties.iter().map(|(name, schema)| (name.clone(), sample(root, schema))).collect()
                }
                None => json!({ "default-src": "'none'" }),
            },
            Some("array") => json!([sample(root, &schema["items"])]),
            Some("integer") => json!(1),
            Some("boolean") => json!(true),
            _ => json!("a"),
        }
    }

    fn resolve(root: &Value, schema: &Value) -> Value {
        let Some(name) = schema.get("$ref").and_then(Value::as_str) else { return schema.clone() };
        let mut found = root.pointer(name.trim_start_matches('#')).unwrap().as_object().unwrap().clone();
        found.extend(schema.as_object().unwrap().clone());
        found.into_iter().collect::<Map<_, _>>().into()
    }

    /// The pointers of every mapping with known keys in a document.
    fn mappings(root: &Value, schema: &Value, at: &str, found: &mut Vec<String>) {
        let schema = resolve(root, schema);
        // Of annotations only our own are known.
        let open = schema.get("additionalProperties").is_some_and(Value::is_object);
        if let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|_| !open) {
            assert_eq!(schema["additionalProperties"], false, "{at}");
            found.push(at.to_owned());
            for (name, schema) in properties {
                mappings(root, schema, &format!("{at}/{name}"), found);
            }
        }
        if let Some(items) = schema.get("items") {
            mappings(root, items, &format!("{at}/0"), found);
        }
    }

    /// The codes that are found in a document; JSON is YAML.
    fn codes(document: &Value) -> Vec<&'static str> {
        let text = document.to_string();
        let documents = parse(&"a.yaml".into(), text.as_bytes(), None);
        documents.iter().flat_map(|document| &document.findings).map(|finding| finding.code.id).collect()
    }

    #[test]
    fn the_decoder_reads_exactly_the_keys_of_the_schema() {
        let root = schema();
        let whole = sample(&root, &root);
        assert_eq!(codes(&whole), [""; 0], "{whole:#}");
        let mut places = Vec::new();
        mappings(&root, &root, "", &mut places);
        let expected = [
            "",
            "/metadata",
            "/spec",
            "/spec/botDetection",
            "/spec/botDetection/rules/0",
            "/spec/targetBrowsers",
        ];
        assert!(expected.iter().all(|place| places.iter().any(|found| found == place)), "{places:?}");
        for place in places {
            let mut extra = whole.clone();
            extra.pointer_mut(&place).unwrap()["somethingElse"] = json!("a");
            assert_eq!(codes(&extra), ["CW1020"], "{place}");
            let required = resolve(&root, &at(&root, &place))["required"].clone();
            for name in whole.pointer(&place).unwrap().as_object().unwrap().keys() {
                let mut less = whole.clone();
                less.pointer_mut(&place).unwrap().as_object_mut().unwrap().remove(name);
                let tenant = name == "tenant"; // needed where no single one is configured, which a schema can't know
                let needed =
                    required.as_array().is_some_and(|required| required.iter().any(|key| key == name));
                assert_eq!(!codes(&less).is_empty(), needed || tenant, "{place}/{name}");
            }
        }
    }

    /// The schema of a place in a document.
    fn at(root: &Value, place: &str) -> Value {
        place.split('/').skip(1).fold(root.clone(), |schema, name| {
            let schema = resolve(root, &schema);
            if name == "0" { schema["items"].clone() } else { schema["properties"][name].clone() }
        })
    }

    #[test]
    fn nothing_may_be_null() {
        let schema = schema().to_string();
        assert!(!schema.contains("\"null\"") && !schema.contains("null,"), "{schema}");
    }

    #[test]
    fn the_schema_says_what_it_is() {
        let schema = schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["$id"], ID);
        assert_eq!(schema["properties"]["apiVersion"]["const"], API_VERSION);
        assert_eq!(schema.pointer("/$defs/TargetBrowsers/properties/chrome/default"), Some(&json!(90)));
    }
}
