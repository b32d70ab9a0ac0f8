# Made by scripts/manuals.py: change the commands, not this.
_telespool() {
    local current=${COMP_WORDS[COMP_CWORD]} flags
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'cancel check-config convert doctor drop explain hold login prune retry run setup status unpack --help --version' -- "$current")
        return
    fi
    case ${COMP_WORDS[1]} in
        cancel) flags='-h --help -c --config' ;;
        check-config) flags='-h --help -c --config' ;;
        convert) flags='-h --help -c --config --state --max-size' ;;
        doctor) flags='-h --help -c --config --json' ;;
        drop) flags='-h --help -c --config --to' ;;
        explain) flags='-h --help -c --config --json' ;;
        hold) flags='-h --help -c --config' ;;
        login) flags='-h --help -c --config --qr --answers' ;;
        prune) flags='-h --help -c --config --dry-run' ;;
        retry) flags='-h --help -c --config --password --password-file --as-document' ;;
        run) flags='-h --help -c --config --until-idle' ;;
        setup) flags='-h --help -c --config' ;;
        status) flags='-h --help -c --config --json --watch' ;;
        unpack) flags='-h --help -c --config --password --password-file --json' ;;
        *) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _telespool telespool
