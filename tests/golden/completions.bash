# bash completion for sekuire
_sekuire() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local command= i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            -* | =) break ;;
            *) command+=${command:+ }${COMP_WORDS[i]} ;;
        esac
    done
    case $previous in
        = | --backend | --backend-url | --timeout | --wait | --web-url | --workspace) return ;;
    esac
    local words=
    case $command in
        '') words='login auth logout status whoami completions man help --help --version' ;;
        auth) words='login logout status whoami token --help' ;;
        'login') words='--web-url --backend --backend-url --api-key-stdin --workspace --timeout --wait --help' ;;
        'auth login') words='--web-url --backend --backend-url --api-key-stdin --workspace --timeout --wait --help' ;;
        'logout') words='--help' ;;
        'auth logout') words='--help' ;;
        'status') words='--json --quiet -q --help' ;;
        'auth status') words='--json --quiet -q --help' ;;
        'auth whoami') words='--backend-url --backend --json --quiet -q --timeout --wait --help' ;;
        'whoami') words='--backend-url --backend --json --quiet -q --timeout --wait --help' ;;
        'auth token') words='--help' ;;
        'completions') words='bash zsh fish --help' ;;
        'man') words='--help' ;;
        'help') words='login auth logout status whoami completions man help --help' ;;
    esac
    # Not mapfile: macOS has bash 3.2.
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _sekuire sekuire
