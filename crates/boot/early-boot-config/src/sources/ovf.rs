//! The environment document of an OVF package (DSP0243, section 11), in which
//! vSphere hands the properties of a virtual appliance on.

use apiclient::Layer;
use roxmltree::{Document, ParsingOptions};

use super::{Error, UserData};

const NAMESPACE: &str = "http://schemas.dmtf.org/ovf/environment/1";

/// The property that holds user data. A product's class and instance, with
/// dots, may stand around it.
const KEY: &str = "user-data";

/// The user data in a document, packed with base64 as the values of properties
/// have one line.
pub(super) fn user_data(origin: &str, document: &[u8]) -> Result<Option<UserData>, Error> {
    let wrong = |reason: String| Error::Ovf {
        origin: origin.to_owned(),
        reason,
    };
    let text = str::from_utf8(document).map_err(|_| wrong("the text is not UTF-8".to_owned()))?;
    let options = ParsingOptions {
        allow_dtd: false,
        ..ParsingOptions::default()
    };
    let tree = Document::parse_with_options(text, options).map_err(|e| wrong(e.to_string()))?;
    let value = tree
        .descendants()
        .filter(|node| node.has_tag_name((NAMESPACE, "Property")))
        .filter(|node| {
            let key = node.attribute((NAMESPACE, "key")).unwrap_or_default();
            key.split('.').any(|part| part == KEY)
        })
        .find_map(|node| node.attribute((NAMESPACE, "value")));
    Ok(value
        .filter(|value| !value.is_empty())
        .map(|value| UserData {
            origin: format!("property {KEY} in {origin}"),
            bytes: value.as_bytes().to_vec(),
            layer: Layer::UserData,
        }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(properties: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="{NAMESPACE}" xmlns:oe="{NAMESPACE}" oe:id="">
  <PlatformSection><Kind>VMware ESXi</Kind></PlatformSection>
  <PropertySection>{properties}</PropertySection>
</Environment>"#
        )
    }

    fn found(document: &str) -> Result<Option<String>, String> {
        match user_data("x", document.as_bytes()) {
            Ok(found) => Ok(found.map(|data| String::from_utf8(data.bytes).unwrap())),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_property_is_found() {
        let with = |key: &str| {
            let other = r#"<Property oe:key="hostname" oe:value="a"/>"#;
            document(&format!(
                r#"{other}<Property oe:key="{key}" oe:value="W3Nd"/>"#
            ))
        };
        for key in ["user-data", "bottlerocket.user-data", "user-data.1"] {
            assert_eq!(found(&with(key)).unwrap().unwrap(), "W3Nd", "{key}");
        }
        for document in [
            with("my-user-data"),
            with("userdata"),
            document(""),
            document(r#"<Property oe:key="user-data" oe:value=""/>"#),
            document(r#"<Property key="user-data" value="no namespace"/>"#),
        ] {
            assert_eq!(found(&document).unwrap(), None, "{document}");
        }
    }

    #[test]
    fn bad_documents_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>";
        for (document, reason) in [
            ("", "not an OVF environment"),
            ("<a>", "not an OVF environment"),
            ("key = 'value'", "not an OVF environment"),
            (bomb, "DTD"),
        ] {
            let error = found(document).unwrap_err();
            assert!(error.contains(reason), "{document}: {error}");
        }
        assert!(user_data("x", b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = found(&text);
            let _ = found(&document(&text));
        }
    }
}
