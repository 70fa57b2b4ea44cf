//! Huge pages that are set aside.

use super::text_type;

text_type! {
    /// The size of a huge page, such as `2Mi` or `1Gi`: a power of two with the
    /// unit `Ki`, `Mi`, `Gi` or `Ti`. Which sizes there are depends on the
    /// processor.
    HugepageSize, "huge page size", |text| {
        let (number, _) = text
            .strip_suffix('i')
            .and_then(|text| text.char_indices().last())
            .map(|(at, unit)| (&text[..at], unit))
            .filter(|(_, unit)| matches!(unit, 'K' | 'M' | 'G' | 'T'))
            .ok_or("it must end in `Ki`, `Mi`, `Gi` or `Ti`")?;
        if !number.starts_with(|c: char| ('1'..='9').contains(&c))
            || !number.parse::<u16>().is_ok_and(u16::is_power_of_two)
        {
            return Err("its number must be a power of two up to 32768");
        }
        Ok(())
    },
    "pattern" = "^(1|2|4|8|16|32|64|128|256|512|1024|2048|4096|8192|16384|32768)(Ki|Mi|Gi|Ti)$"
}

text_type! {
    /// How many huge pages to set aside: one number for the whole machine, such
    /// as `512`, or one for each NUMA node, such as `0:256,1:256`.
    HugepageCount, "number of huge pages", |text| {
        let is_number = |text: &str| {
            text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u32>().is_ok()
        };
        if is_number(text) {
            return Ok(());
        }
        let mut nodes = Vec::new();
        for pair in text.split(',') {
            let (node, _) = pair
                .split_once(':')
                .filter(|(node, count)| is_number(node) && is_number(count))
                .ok_or("it must be a number, or pairs of node and number such as `0:256,1:256`")?;
            let node = node.parse::<u32>();
            if nodes.contains(&node) {
                return Err("it must name each node once");
            }
            nodes.push(node);
        }
        Ok(())
    },
    "pattern" = "^([0-9]+|[0-9]+:[0-9]+(,[0-9]+:[0-9]+)*)$"
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn sizes() {
        let unit = "it must end in `Ki`, `Mi`, `Gi` or `Ti`";
        let number = "its number must be a power of two up to 32768";
        table::<HugepageSize>(
            &["64Ki", "2Mi", "512Mi", "1Gi", "16Gi"],
            &[
                ("", unit),
                ("2", unit),
                ("2M", unit),
                ("2mi", unit),
                ("2Pi", unit),
                ("éi", unit),
                ("Mi", number),
                ("0Mi", number),
                ("02Mi", number),
                ("+2Mi", number),
                ("3Mi", number),
                ("1.5Gi", number),
            ],
        );
    }

    #[test]
    fn counts() {
        let form = "it must be a number, or pairs of node and number such as `0:256,1:256`";
        table::<HugepageCount>(
            &["0", "128", "0:128", "0:128,1:256"],
            &[
                ("", form),
                ("-1", form),
                ("+1", form),
                ("1.5", form),
                ("0:", form),
                (":1", form),
                ("0:1,", form),
                ("0:1:2", form),
                ("0:1, 1:1", form),
                ("99999999999", form),
                ("0:1,00:1", "it must name each node once"),
            ],
        );
    }
}
