//! NVIDIA's names for GPUs and their partitions.

use super::text_type;

text_type! {
    /// A model of GPU with its memory, such as `a100.40gb`.
    GpuModel, "GPU model", |text| {
        let model = text.strip_suffix("gb").and_then(|text| text.split_once('.'));
        let is_model = |name: &str| {
            let mut letters = name.chars();
            letters.next().is_some_and(|c| c.is_ascii_lowercase()) && is_number(letters.as_str())
        };
        match model {
            Some((name, memory)) if is_model(name) && is_number(memory) => Ok(()),
            _ => Err("it must be a model and its memory, such as `a100.40gb`"),
        }
    },
    "pattern" = r"^[a-z][0-9]+\.[0-9]+gb$"
}

text_type! {
    /// How to partition a GPU: a MIG profile such as `2g.10gb`, or the number of
    /// partitions: 1, 2, 3, 4 or 7.
    MigProfile, "MIG profile", |text| {
        let is_profile = text
            .strip_suffix("gb")
            .and_then(|text| text.split_once("g."))
            .is_some_and(|(slices, memory)| slices.len() == 1 && is_number(slices) && is_number(memory));
        if is_profile || matches!(text, "1" | "2" | "3" | "4" | "7") {
            Ok(())
        } else {
            Err("it must be a profile such as `2g.10gb`, or 1, 2, 3, 4 or 7")
        }
    },
    "pattern" = r"^([12347]|[0-9]g\.[0-9]+gb)$"
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn models() {
        let form = "it must be a model and its memory, such as `a100.40gb`";
        table::<GpuModel>(
            &["a100.40gb", "h100.141gb"],
            &[
                ("", form),
                ("a100", form),
                ("A100.40GB", form),
                ("a100.40", form),
                (".40gb", form),
                ("a.40gb", form),
            ],
        );
    }

    #[test]
    fn profiles() {
        let form = "it must be a profile such as `2g.10gb`, or 1, 2, 3, 4 or 7";
        table::<MigProfile>(
            &["1", "7", "1g.5gb", "7g.80gb"],
            &[
                ("", form),
                ("5", form),
                ("10g.5gb", form),
                ("1g.gb", form),
                ("1g.5", form),
            ],
        );
    }
}
