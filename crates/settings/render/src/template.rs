//! Rendering with minijinja.
//!
//! Undefined values are errors, so a template says itself what it does about
//! a setting that nobody has set. A template sees `settings`, and `processors`,
//! the number of processors of the machine.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::thread;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, ErrorKind, UndefinedBehavior, context};
use serde_json::Value;
use settings_model::Key;

use crate::helpers;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../../conf/settings/templates/"]
struct Embedded;

/// Why something could not be rendered. The text never holds the value of a
/// setting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such configuration file is declared.
    #[error("no configuration file is called `{0}`")]
    UnknownFile(String),
    /// The template is broken, or does not fit these settings.
    #[error("template `{template}`{}: {reason}", at_line(*line))]
    Template {
        /// Name of the template.
        template: String,
        /// Line in the template, from 1, where known.
        line: Option<usize>,
        /// What is wrong there.
        reason: String,
        /// Whether it is that a value is not set.
        undefined: bool,
    },
}

impl Error {
    /// Whether nothing is wrong but that a value is not set.
    pub fn is_undefined(&self) -> bool {
        matches!(
            self,
            Self::Template {
                undefined: true,
                ..
            }
        )
    }
}

/// Renders the text of a template, called `name` in errors, from `settings`,
/// the tree under `settings`.
///
/// # Errors
///
/// See [`Error`].
pub fn render_str(settings: &Value, name: &str, source: &str) -> Result<String, Error> {
    Environment::new().render_str(settings, name, source)
}

/// The settings, and groups of them, that the text of a template names.
///
/// # Errors
///
/// It is no template.
pub fn references(name: &str, source: &str) -> Result<BTreeSet<Key>, Error> {
    let environment = Environment::new();
    let template = environment
        .templates
        .template_from_named_str(name, source)
        .map_err(|error| explain(name, &error))?;
    let named = template.undeclared_variables(true);
    let below = named
        .iter()
        .filter_map(|name| name.strip_prefix("settings."));
    Ok(below.filter_map(|key| key.parse().ok()).collect())
}

/// Whether a template of that name is embedded.
pub(crate) fn exists(name: &str) -> bool {
    Embedded::get(name).is_some()
}

/// The embedded templates with the helpers they use.
#[derive(Debug)]
pub(crate) struct Environment {
    templates: minijinja::Environment<'static>,
    /// What the variable `processors` is.
    pub(crate) processors: usize,
}

impl Environment {
    pub(crate) fn new() -> Self {
        let mut templates = minijinja::Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|_| AutoEscape::None);
        templates.set_auto_reload(false);
        templates.set_loader(|name| {
            let file = Embedded::get(name);
            Ok(file.map(|file| String::from_utf8_lossy(&file.data).into_owned()))
        });
        // A line that only holds a tag leaves no line in the file.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("only the delimiters of a syntax can be wrong, and these are the usual ones");
        templates.set_syntax(syntax);
        helpers::add_to(&mut templates);
        Self {
            templates,
            // Where it cannot be asked there is at least the one this runs on.
            processors: thread::available_parallelism().map_or(1, Into::into),
        }
    }

    /// Renders an embedded template.
    pub(crate) fn render(&self, settings: &Value, name: &str) -> Result<String, Error> {
        self.templates
            .get_template(name)
            .and_then(|template| template.render(self.context(settings)))
            .map_err(|error| explain(name, &error))
    }

    /// Renders the text of a template.
    pub(crate) fn render_str(
        &self,
        settings: &Value,
        name: &str,
        source: &str,
    ) -> Result<String, Error> {
        self.templates
            .render_named_str(name, source, self.context(settings))
            .map_err(|error| explain(name, &error))
    }

    fn context(&self, settings: &Value) -> minijinja::Value {
        context! { settings => Serde(settings), processors => self.processors }
    }
}

fn explain(template: &str, error: &minijinja::Error) -> Error {
    let reason = match error.detail() {
        Some(detail) => Cow::from(format!("{}: {detail}", error.kind())),
        None => Cow::from(error.kind().to_string()),
    };
    Error::Template {
        template: template.to_owned(),
        line: error.line(),
        reason: reason.into_owned(),
        undefined: error.kind() == ErrorKind::UndefinedError,
    }
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_in_a_template_are_found() {
        let source = "{{ settings.aws.region | one_line }}{% if settings.motd is defined %}\
                      {% set a = settings.ntp.options %}{{ a[0] }}{{ processors }}{% endif %}";
        let found = references("t", source).unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["aws.region", "motd", "ntp.options"]);
        assert!(references("t", "{{").is_err());
    }

    #[test]
    fn what_is_not_set_is_told_from_what_is_wrong() {
        let settings = json!({"a": 1});
        for (source, undefined) in [
            ("{{ settings.b }}", true),
            ("{{ settings.b.c }}", true),
            ("{{ settings.a | nope }}", false),
            ("{{", false),
        ] {
            let error = render_str(&settings, "t", source).unwrap_err();
            assert_eq!(error.is_undefined(), undefined, "{source}");
        }
    }

    #[test]
    fn errors_name_template_and_line_and_hold_no_values() {
        let cases = [
            (
                "an unset setting",
                "a\n{{ settings.nope }}\n",
                "template `t`, line 2: undefined value",
            ),
            (
                "a broken tag",
                "a\n\n{% if %}",
                "template `t`, line 3: syntax error: ",
            ),
            (
                "a newline in a line",
                "{{ settings.secret | one_line }}",
                "template `t`, line 1: invalid operation: the value holds a control character",
            ),
            (
                "an unknown filter",
                "{{ settings.secret | nope }}",
                "template `t`, line 1: unknown filter: ",
            ),
            (
                "a number where there is text",
                "{{ settings.number + settings.secret }}",
                "template `t`, line 1: invalid operation: ",
            ),
            (
                "text where there is a number",
                "{{ settings.secret | int }}",
                "template `t`, line 1: invalid operation: ",
            ),
            (
                "text where there is a list",
                "{{ settings.number | join(', ') }}",
                "template `t`, line 1: invalid operation: ",
            ),
        ];
        let settings = json!({"secret": "hush\n", "number": 1});
        for (name, source, expected) in cases {
            let error = render_str(&settings, "t", source).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{name}: {error}");
            assert!(!error.contains("hush"), "{name}: {error}");
        }
    }

    #[test]
    fn only_templates_can_be_named() {
        let error = Environment::new()
            .render(&json!({}), "../defaults/10-motd.toml")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "template `../defaults/10-motd.toml`: template not found: template \"../defaults/10-motd.toml\" does not exist"
        );
    }
}
