//! The kernel command line, split as the kernel splits it (`next_arg` in
//! `lib/cmdline.c`): words end at white space outside double quotes, and a
//! quote around a whole word or around a whole value is dropped.

/// One word of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument<'a> {
    /// What stands before the first `=`.
    pub name: &'a str,
    /// What stands behind it, if there is one.
    pub value: Option<&'a str>,
}

/// The words of a command line, up to a `--`: what follows that is meant for
/// the init system, not for the kernel or for us.
pub fn arguments(line: &str) -> impl Iterator<Item = Argument<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let (argument, behind) = next(rest.trim_start_matches(is_space))?;
        rest = behind;
        Some(argument)
    })
    .take_while(|argument| argument.name != "--" || argument.value.is_some())
}

/// The value of the last argument of this name that has one, as the kernel
/// takes it.
pub fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    arguments(line)
        .filter(|argument| argument.name == name)
        .filter_map(|argument| argument.value)
        .last()
}

/// White space as the kernel's `isspace` sees it, in ASCII.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

/// Splits the first word off; there is none in an empty line.
fn next(line: &str) -> Option<(Argument<'_>, &str)> {
    if line.is_empty() {
        return None;
    }
    let (word, quoted) = match line.strip_prefix('"') {
        Some(word) => (word, true),
        None => (line, false),
    };
    let mut in_quote = quoted;
    let mut equals = None;
    let mut end = word.len();
    for (index, c) in word.char_indices() {
        if is_space(c) && !in_quote {
            end = index;
            break;
        }
        // As in the kernel, a `=` in the first place does not count.
        if c == '=' && index > 0 && equals.is_none() {
            equals = Some(index);
        }
        if c == '"' {
            in_quote = !in_quote;
        }
    }
    let (word, rest) = word.split_at(end);
    let argument = match equals {
        Some(index) => Argument {
            name: &word[..index],
            value: Some(unquote(&word[index + 1..], quoted)),
        },
        None => Argument {
            name: if quoted { strip_end(word) } else { word },
            value: None,
        },
    };
    Some((argument, rest))
}

/// Drops the quotes of a value: the closing one also belongs to a word that
/// was quoted as a whole.
fn unquote(value: &str, whole_word_quoted: bool) -> &str {
    match value.strip_prefix('"') {
        Some(value) => strip_end(value),
        None if whole_word_quoted => strip_end(value),
        None => value,
    }
}

fn strip_end(text: &str) -> &str {
    text.strip_suffix('"').unwrap_or(text)
}
