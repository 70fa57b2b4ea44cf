//! What the model accepts can be rendered, whatever it is: one odd value must
//! not keep a file from following all the others.

use proptest::prelude::*;
use serde_json::{Value, json};
use settings_model::Model;
use settings_render::Declarations;

/// Text that is likely to upset a template or the format it fills, and as
/// likely to be refused by the model.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9./_:@\\[\\]?&=#;%'!$*+,()-]{1,12}",
        "[ \t\"'\\\\{}%#;\n-]{0,6}",
    ]
}

fn settings() -> impl Strategy<Value = Value> {
    let list = || prop::collection::vec(text(), 0..3);
    let sysctl = prop::collection::btree_map("[a-z0-9./_*-]{1,8}", text(), 0..3);
    let hostname = prop_oneof!["[a-z0-9.-]{1,70}", text()];
    (text(), list(), list(), sysctl, hostname).prop_flat_map(
        |(motd, servers, options, sysctl, hostname)| {
            prop::sample::select(vec![
                json!({"motd": motd}),
                json!({"ntp": {"time-servers": servers}}),
                json!({"ntp": {"options": options}}),
                json!({"kernel": {"sysctl": sysctl}}),
                json!({"network": {"hostname": hostname}}),
            ])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_the_model_accepts_can_be_rendered(settings in settings()) {
        if Model::complete().validate(&settings).is_err() {
            return Ok(());
        }
        let declarations = Declarations::complete();
        for (name, file) in &declarations.metadata().configuration_files {
            let rendered = declarations.render(&settings, name);
            prop_assert!(rendered.is_ok(), "{}: {rendered:?}", file.path.display());
        }
    }

    #[test]
    fn each_parameter_is_one_line(
        sysctl in prop::collection::btree_map("[a-z0-9./_-]{1,8}", text(), 0..4),
    ) {
        let settings = json!({"kernel": {"sysctl": sysctl}});
        if Model::complete().validate(&settings).is_err() {
            return Ok(());
        }
        let rendered = Declarations::complete().render(&settings, "sysctl").unwrap();
        let lines: Vec<_> = rendered.split_terminator('\n').skip(1).collect();
        let expected: Vec<_> = sysctl.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        prop_assert_eq!(lines, expected);
    }
}
