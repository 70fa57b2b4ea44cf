# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_apiclient_global_optspecs
    string join \n s/socket-path= o/output= log-level= v/verbose u/uri= m/method= d/data= h/help V/version
end

function __fish_apiclient_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_apiclient_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_apiclient_using_subcommand
    set -l cmd (__fish_apiclient_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c apiclient -n "__fish_apiclient_needs_command" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_needs_command" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_needs_command" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_needs_command" -s u -l uri -d 'Path and query of the request, such as `/settings`' -r
complete -c apiclient -n "__fish_apiclient_needs_command" -s m -l method -d 'Method of the request [default: GET]' -r
complete -c apiclient -n "__fish_apiclient_needs_command" -s d -l data -d 'Body of the request, as JSON' -r
complete -c apiclient -n "__fish_apiclient_needs_command" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_needs_command" -s V -l version -d 'Print version'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "raw" -d 'Send one request and print the body of the answer'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "get" -d 'Print settings and facts about the OS'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "set" -d 'Change settings, all of them or none'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "apply" -d 'Change settings to what TOML or JSON user data says, all or none'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "unset" -d 'Take back what was set: the value of the next weaker layer, such as the default, is in force again'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "diff" -d 'Print what a pending transaction would change'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "check" -d 'Try changes without making them: print what would be set, which files would change and what would be restarted'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "history" -d 'Print the last generations of settings, newest first'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "rollback" -d 'Make the settings what they were in an earlier generation'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "status" -d 'Print whether this node is degraded and why, and how the last change of settings went'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "update" -d 'Look for, take or take back another version of the OS'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "exec" -d 'Run a command in a host container'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "logs" -d 'Fetch logs and facts about the node, without secrets, for those who look for a fault'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "reboot" -d 'Reboot this node'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "validate" -d 'Check user data without a node'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "render" -d 'Print, or write, the configuration files that a node makes of user data; needs no node'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "schema" -d 'Print the JSON Schema of user data\'s `settings`; needs no node'
complete -c apiclient -n "__fish_apiclient_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s u -l uri -d 'Path and query of the request, such as `/settings`' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s m -l method -d 'Method of the request [default: GET]' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s d -l data -d 'Body of the request, as JSON' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand raw" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand get" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand get" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand get" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand get" -l provenance -d 'Print where each setting comes from: its layer, when and in which transaction it was set, and which values of weaker layers it covers'
complete -c apiclient -n "__fish_apiclient_using_subcommand get" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand set" -s j -l json -d 'Settings as one JSON object' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand set" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand set" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand set" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand set" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand apply" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand apply" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand apply" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand apply" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand unset" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand unset" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand unset" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand unset" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand diff" -l tx -d 'Name of the transaction' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand diff" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand diff" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand diff" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand diff" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand check" -l tx -d 'Name of the transaction to try' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand check" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand check" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand check" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand check" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand history" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand history" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand history" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand history" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand rollback" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand rollback" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand rollback" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand rollback" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand status" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand status" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand status" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand status" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -f -a "check" -d 'Look for an update, and print the status'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -f -a "apply" -d 'Write the update to the other slot, and let it boot next'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -f -a "cancel" -d 'The other slot does not boot next after all'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -f -a "rollback" -d 'The system that ran before this one boots next'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -f -a "status" -d 'Print how far the node is on its way to another version'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and not __fish_seen_subcommand_from check apply cancel rollback status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from check" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from check" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from check" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -s c -l check -d 'Look for a newer one first, if one was found before'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -s r -l reboot -d 'Reboot into it'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from cancel" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from cancel" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from cancel" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from rollback" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from rollback" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from rollback" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from rollback" -s r -l reboot -d 'Reboot into it'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from rollback" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from status" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from status" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from status" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look for an update, and print the status'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from help" -f -a "apply" -d 'Write the update to the other slot, and let it boot next'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'The other slot does not boot next after all'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from help" -f -a "rollback" -d 'The system that ran before this one boots next'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from help" -f -a "status" -d 'Print how far the node is on its way to another version'
complete -c apiclient -n "__fish_apiclient_using_subcommand update; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -s t -l tty -d 'Give it a terminal [default: if there is one here]'
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -s T -l no-tty -d 'Give it no terminal'
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand logs" -s f -l file -d 'File to write; `-` is standard output' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand logs" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand logs" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand logs" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand logs" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand reboot" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand reboot" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand reboot" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand reboot" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand reboot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand validate" -l variant -d 'Name of a variant, or path of the TOML file of one [default: that of this node]' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand validate" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand validate" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand validate" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand validate" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -l variant -d 'Name of a variant, or path of the TOML file of one [default: that of this node]' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -l out -d 'Write the files below this folder, with the paths they have on the node [default: print them]' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -l variant -d 'Name of a variant, or path of the TOML file of one [default: that of this node]' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -l draft -d 'Draft of JSON Schema; editors of TOML know 4' -r -f -a "4\t''
2020-12\t''"
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -s s -l socket-path -d 'Socket of the API server' -r -F
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -s o -l output -d 'How to print settings, status, history and changes [default: json for `get` and `status`, else table]' -r -f -a "json\t'What the API answered, indented'
toml\t'The same as TOML; a list stands in a table named after the command'
table\t'Columns, for people'"
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -l log-level -d 'What to log on standard error: off, error, warn, info, debug or trace' -r
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -s v -l verbose -d 'Log each request and its status code (as `--log-level debug`)'
complete -c apiclient -n "__fish_apiclient_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "raw" -d 'Send one request and print the body of the answer'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "get" -d 'Print settings and facts about the OS'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "set" -d 'Change settings, all of them or none'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "apply" -d 'Change settings to what TOML or JSON user data says, all or none'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "unset" -d 'Take back what was set: the value of the next weaker layer, such as the default, is in force again'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "diff" -d 'Print what a pending transaction would change'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "check" -d 'Try changes without making them: print what would be set, which files would change and what would be restarted'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "history" -d 'Print the last generations of settings, newest first'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "rollback" -d 'Make the settings what they were in an earlier generation'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "status" -d 'Print whether this node is degraded and why, and how the last change of settings went'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "update" -d 'Look for, take or take back another version of the OS'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "exec" -d 'Run a command in a host container'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "logs" -d 'Fetch logs and facts about the node, without secrets, for those who look for a fault'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "reboot" -d 'Reboot this node'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "validate" -d 'Check user data without a node'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "render" -d 'Print, or write, the configuration files that a node makes of user data; needs no node'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "schema" -d 'Print the JSON Schema of user data\'s `settings`; needs no node'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and not __fish_seen_subcommand_from raw get set apply unset diff check history rollback status update exec logs reboot validate render schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and __fish_seen_subcommand_from update" -f -a "check" -d 'Look for an update, and print the status'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and __fish_seen_subcommand_from update" -f -a "apply" -d 'Write the update to the other slot, and let it boot next'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and __fish_seen_subcommand_from update" -f -a "cancel" -d 'The other slot does not boot next after all'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and __fish_seen_subcommand_from update" -f -a "rollback" -d 'The system that ran before this one boots next'
complete -c apiclient -n "__fish_apiclient_using_subcommand help; and __fish_seen_subcommand_from update" -f -a "status" -d 'Print how far the node is on its way to another version'
