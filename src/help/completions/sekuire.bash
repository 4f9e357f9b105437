# bash completion for sekuire
_sekuire() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local command= words= i
    COMPREPLY=()
    # The command is what is neither an option nor a value. Readline splits words at = and : too.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --web-url | --backend | --backend-url | --workspace | --timeout | --wait | --get)
                [[ ${COMP_WORDS[i+1]} == = ]] || ((i++)) ;;
            = | :) ((i++)) ;;
            -*) ;;
            *) command+=${command:+ }${COMP_WORDS[i]} ;;
        esac
    done
    case $previous in
        --web-url | --backend | --backend-url | --workspace | --timeout | --wait | --get | = | :) return ;;
    esac
    case $command in
        '') words='login logout status auth whoami doctor completions man help --help --version' ;;
        auth) words='login logout status whoami token exec --help' ;;
        login | 'auth login')
            words='--web-url --backend --backend-url --api-key-stdin --workspace --timeout --wait --help' ;;
        logout | 'auth logout') words='--help' ;;
        status | 'auth status') words='--json --get --quiet -q --help' ;;
        whoami | 'auth whoami')
            words='--backend-url --backend --json --get --quiet -q --timeout --wait --help' ;;
        'auth token' | 'auth exec') words='--help' ;;
        doctor) words='--online --backend-url --backend --json --timeout --help' ;;
        completions) words='bash zsh fish --help' ;;
        man) words='--help' ;;
        help) words='login logout status auth whoami doctor completions man help --help' ;;
        'help auth') words='login logout status whoami token exec --help' ;;
    esac
    # Not mapfile: macOS has bash 3.2.
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _sekuire sekuire
