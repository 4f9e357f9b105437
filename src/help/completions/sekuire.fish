# fish completion for sekuire
function __sekuire_at --description 'Whether one of these commands stands before the cursor'
    set -l command
    set -l is_value false
    # The command is what is neither an option nor a value.
    for word in (commandline -opc)[2..]
        if $is_value
            set is_value false
            continue
        end
        switch $word
            case --web-url --backend --backend-url --workspace --timeout --wait --get
                set is_value true
            case '-*'
            case '*'
                set -a command $word
        end
    end
    test $is_value = false; and contains -- "$command" $argv
end
complete -c sekuire -f
complete -c sekuire -s h -l help -d 'Show help'
complete -c sekuire -n '__sekuire_at ""' -s V -l version -d 'Show the version'

complete -c sekuire -n '__sekuire_at "" auth help "help auth"' -a login -d 'Verify an API key and bind it to this device'
complete -c sekuire -n '__sekuire_at "" auth help "help auth"' -a logout -d 'Remove the stored API key from this device'
complete -c sekuire -n '__sekuire_at "" auth help "help auth"' -a status -d 'Show whether this device is logged in, without asking the backend'
complete -c sekuire -n '__sekuire_at "" auth help "help auth"' -a whoami -d 'Ask the backend whose API key this is'
complete -c sekuire -n '__sekuire_at auth "help auth"' -a token -d 'Print the API key, for use by another program'
complete -c sekuire -n '__sekuire_at auth "help auth"' -a exec -d 'Run a program with the API key in its environment'
complete -c sekuire -n '__sekuire_at "" help' -a auth -d 'Commands of authentication'
complete -c sekuire -n '__sekuire_at "" help' -a doctor -d 'Say what is wrong with this machine\'s login, layer by layer'
complete -c sekuire -n '__sekuire_at "" help' -a completions -d 'Print the completion script of a shell: bash, zsh or fish'
complete -c sekuire -n '__sekuire_at "" help' -a man -d 'Print the man page'
complete -c sekuire -n '__sekuire_at "" help' -a help -d 'Show help, also for one command'
complete -c sekuire -n '__sekuire_at completions' -a 'bash zsh fish'

complete -c sekuire -n '__sekuire_at login "auth login"' -l web-url -x -d 'Web app URL (default: https://sekuire.ai)'
complete -c sekuire -n '__sekuire_at login "auth login"' -l backend -x -d 'Backend API URL (default: https://api.sekuire.ai)'
complete -c sekuire -n '__sekuire_at login "auth login"' -l backend-url -x -d 'Backend API URL (default: https://api.sekuire.ai)'
complete -c sekuire -n '__sekuire_at login "auth login"' -l api-key-stdin -d 'Read the API key from standard input; print only the result'
complete -c sekuire -n '__sekuire_at login "auth login"' -l workspace -x -d 'Default workspace (default: the first one)'
complete -c sekuire -n '__sekuire_at whoami "auth whoami" doctor' -l backend-url -x -d 'Backend URL (default: the one logged in to)'
complete -c sekuire -n '__sekuire_at whoami "auth whoami" doctor' -l backend -x -d 'Backend URL (default: the one logged in to)'
complete -c sekuire -n '__sekuire_at login "auth login" whoami "auth whoami" doctor' -l timeout -x -d 'Longest time for one attempt, 1 to 300 (default: 10)'
complete -c sekuire -n '__sekuire_at login "auth login" whoami "auth whoami"' -l wait -x -d 'Keep trying for so long, 0 to 3600 (default: 0, three attempts)'
complete -c sekuire -n '__sekuire_at status "auth status" whoami "auth whoami" doctor' -l json -d 'Print one JSON object'
complete -c sekuire -n '__sekuire_at status "auth status" whoami "auth whoami"' -l get -x -d 'Print one field of that object alone, such as device.name'
complete -c sekuire -n '__sekuire_at status "auth status" whoami "auth whoami"' -s q -l quiet -d 'Print nothing; only the exit status speaks'
complete -c sekuire -n '__sekuire_at doctor' -l online -d 'Also go the way to the backend, step by step, and ask it'
