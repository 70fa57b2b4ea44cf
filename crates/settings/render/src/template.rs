//! Rendering of configuration files with minijinja.
//!
//! Undefined values are errors, so a template says itself what it does about
//! a setting that nobody has set.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde_json::Value;

use crate::filters;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../../conf/settings/templates/"]
struct Embedded;

/// Why a configuration file could not be rendered. The text never holds the
/// value of a setting.
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
    },
}

/// Renders the configuration file called `file` from `settings`, the tree
/// under `settings`.
pub fn render(settings: &Value, file: &str) -> Result<String, Error> {
    let declared = crate::metadata()
        .configuration_files
        .get(file)
        .ok_or_else(|| Error::UnknownFile(file.to_owned()))?;
    render_template(settings, &declared.template_path)
}

/// Renders the embedded template called `name` from `settings`, the tree
/// under `settings`.
pub fn render_template(settings: &Value, name: &str) -> Result<String, Error> {
    let source = Embedded::get(name).ok_or_else(|| Error::Template {
        template: name.to_owned(),
        line: None,
        reason: "it does not exist".to_owned(),
    })?;
    render_source(settings, name, &String::from_utf8_lossy(&source.data))
}

/// Whether a template of that name is embedded.
pub fn exists(name: &str) -> bool {
    Embedded::get(name).is_some()
}

fn render_source(settings: &Value, name: &str, source: &str) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    filters::add_to(&mut environment);
    // A line that only holds a tag leaves no line in the file.
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .and_then(|syntax| {
            environment.set_syntax(syntax);
            environment.render_named_str(name, source, context! { settings => Serde(settings) })
        })
        .map_err(|error| Error::Template {
            template: name.to_owned(),
            line: error.line(),
            reason: reason(&error),
        })
}

fn reason(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
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
        ];
        let settings = json!({"secret": "hush\n", "number": 1});
        for (name, source, expected) in cases {
            let error = render_source(&settings, "t", source)
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(expected), "{name}: {error}");
            assert!(!error.contains("hush"), "{name}: {error}");
        }
    }

    #[test]
    fn unknown_names_are_errors() {
        assert_eq!(
            render(&json!({}), "nope").unwrap_err().to_string(),
            "no configuration file is called `nope`"
        );
        assert_eq!(
            render_template(&json!({}), "../defaults/10-motd.toml")
                .unwrap_err()
                .to_string(),
            "template `../defaults/10-motd.toml`: it does not exist"
        );
    }
}
