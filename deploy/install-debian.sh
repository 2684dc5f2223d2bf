#!/usr/bin/env bash
# One server for Gege on Debian 12: user, code, environment, home, database, unit, backups. As root, from a clone or
# from an unpacked release archive (no git needed):
#
#   deploy/install-debian.sh --check        what it would do; changes nothing, ends with status 1 when there is something to do
#   deploy/install-debian.sh                does it; asks nothing; a second run does only what is missing
#
#   --postgresql     a database of its own on this machine's PostgreSQL (by socket, without a password); else SQLite in the home
#   --home DIR       GEGE_HOME (default /srv/gege)        --code DIR     the code that runs (default /opt/gege)
#   --backups DIR    where archives go (default /var/backups/gege): better another disk, mounted there
#   --root DIR       lay the files under DIR and leave this machine's users, packages, database and services alone: to look at them
#
# What it never does: open a port to the world (the page listens on 127.0.0.1; a proxy with a certificate stands before it, see
# deploy/haproxy), overwrite gege.toml, a key or a database, or remove anything.
#
# Tried: as root on a bare Debian 12 in a chroot, with all that follows it to the first call (tests/deploy/test_walk.py; without
# systemd, which a chroot does not have); twice under --root with its files compared, and --check (tests/deploy/test_install.py).
set -euo pipefail
umask 022

source=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
home=/srv/gege code=/opt/gege backups=/var/backups/gege root='' check='' postgresql=''
user=gege sums=SHA256SUMS

fail() {
    echo "install-debian: $1" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --check) check=yes ;;
        --postgresql) postgresql=yes ;;
        --home) home=${2:?--home DIR} && shift ;;
        --code) code=${2:?--code DIR} && shift ;;
        --backups) backups=${2:?--backups DIR} && shift ;;
        --root) root=${2:?--root DIR} && shift ;;
        *) sed -n '2,/^set -e/{/^set -e/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    esac
    shift
done
for one in "$home" "$code" "$backups"; do
    [[ $one = /* ]] || fail "$one: give the whole path"
    [[ $one =~ ^[A-Za-z0-9/_.-]+$ ]] || fail "$one: letters, digits and / _ . - only, systemd's files name it"
done
if [ -z "$root" ]; then
    [ "$(id -u)" = 0 ] || [ -n "$check" ] || fail "as root, or with --check"
    # shellcheck source=/dev/null
    grep -q '^VERSION_ID="12"' /etc/os-release || fail "made for Debian 12; this is another system"
fi

todo=0
# step WHAT TEST… -- ACT…: does ACT when TEST fails; with --check says that it would.
step() {
    local what=$1 test=() && shift
    while [ "$1" != -- ]; do test+=("$1") && shift; done
    shift
    if "${test[@]}" >/dev/null 2>&1; then
        return
    fi
    todo=$((todo + 1))
    if [ -n "$check" ]; then
        echo "would: $what"
    else
        echo "$what …"
        "$@"
    fi
}

# ---- looks ------------------------------------------------------------------------------------------

packages() { dpkg -s "${needed[@]}"; }
# A clone brings its commit; a release archive brings the files of its SHA256SUMS.
a_clone() { [ -e "$source/.git" ]; }
same_code() {
    if a_clone; then
        [ -d "$root$code/.git" ] && [ "$(git -C "$root$code" rev-parse HEAD)" = "$(git -C "$source" rev-parse HEAD)" ]
    else
        cmp "$source/$sums" "$root$code/$sums" && as_summed "$root$code" </dev/null
    fi
}
as_summed() { (cd "$1" && sha256sum --quiet --strict --check "$sums"); }
names_in() { cut -c67- "$1"; }
same_environment() {
    [ -e "$code/.venv/.gege-ready" ] && [ ! "$code/uv.lock" -nt "$code/.venv/.gege-ready" ] &&
        [ ! "$code/pyproject.toml" -nt "$code/.venv/.gege-ready" ]
}
folder() { [ -d "$root$1" ] && [ "$(stat -c %a "$root$1")" = "$2" ]; }
same_file() { [ -f "$root$2" ] && diff -q <(printf '%s\n' "$1") "$root$2"; }
as_postgres() { runuser -u postgres -- psql -tAc "$1" postgres; }
has_role() { [ "$(as_postgres "SELECT 1 FROM pg_roles WHERE rolname = '$user'")" = 1 ]; }
has_database() { [ "$(as_postgres "SELECT 1 FROM pg_database WHERE datname = '$user'")" = 1 ]; }

# ---- acts -------------------------------------------------------------------------------------------

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${needed[@]}" >/dev/null ||
        { apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${needed[@]}" >/dev/null; }
}
bring_code() {
    if a_clone; then bring_commit; else bring_archive; fi
}
bring_commit() {
    local commit
    [ ! -e "$root$code/$sums" ] || fail "$code came from a release archive; go on with archives, or move it away first"
    commit=$(git -C "$source" rev-parse HEAD)
    if [ ! -d "$root$code/.git" ]; then
        mkdir -p "$root$(dirname "$code")"
        git clone -q --no-hardlinks "$source" "$root$code"
    fi
    # Forward only: what somebody changed in the clone that runs is not thrown away.
    git -C "$root$code" fetch -q "$source" "$commit"
    git -C "$root$code" merge -q --ff-only "$commit" || fail "$code was changed by hand; see git -C $code status"
}
bring_archive() {
    local name there=$root$code
    [ -f "$source/$sums" ] || fail "$source is neither a clone nor an unpacked release archive (no $sums)"
    as_summed "$source" >&2 || fail "the archive is not whole; unpack it anew"
    [ ! -e "$there/.git" ] || fail "$code is a clone; go on with git there, or move it away first"
    if [ -f "$there/$sums" ]; then
        # What somebody changed in the code that runs is not thrown away; what an interrupted run has brought already is no change.
        while IFS= read -r name; do
            [ ! -e "$there/$name" ] || cmp -s "$there/$name" "$source/$name" ||
                grep -qxF "$(cd "$there" && sha256sum "$name")" "$there/$sums" ||
                fail "$code/$name was changed by hand; keep it elsewhere and remove it"
        done < <(names_in "$there/$sums")
        while IFS= read -r name; do
            rm -f "$there/$name"
        done < <(comm -23 <(names_in "$there/$sums" | sort) <(names_in "$source/$sums" | sort))
    fi
    mkdir -p "$there"
    names_in "$source/$sums" |
        # Everybody may read, however strictly it was unpacked: the service is another user.
        tar -C "$source" --no-recursion --verbatim-files-from -T - --mode=u+rwX,go+rX,go-w -cf - | tar -C "$there" --no-same-owner -xf -
    # Last: until it is there the code is not taken for whole.
    cp "$source/$sums" "$there/$sums"
}
make_environment() { make --no-print-directory -C "$code" setup; }
make_folder() {
    install -d -m "$2" "$root$1"
    [ -n "$root" ] || chown "$user:$user" "$1"
}
write_file() {
    mkdir -p "$root$(dirname "$2")"
    printf '%s\n' "$1" >"$root$2.new"
    chmod "${3:-644}" "$root$2.new"
    if [ -z "$root" ] && [ "${4:-}" = "$user" ]; then chown "$user:$user" "$2.new"; fi
    mv "$root$2.new" "$root$2"
}

# ---- what is wanted ---------------------------------------------------------------------------------

needed=(python3.11 python3.11-venv make ca-certificates tzdata)
! a_clone || needed+=(git)
[ -z "$postgresql" ] || needed+=(postgresql postgresql-client)

# A file of deploy/, with this site's folders in place of the usual ones.
ours() { sed "s#/opt/gege#$code#g; s#/srv/gege#$home#g; s#/var/backups/gege#$backups#g" "$source/deploy/$1"; }

settings="# What this site changed; ./gege settings prints every key with its default."
if [ -n "$postgresql" ]; then
    settings+=$'\n'"database = \"postgresql+psycopg2://$user@/$user?host=/var/run/postgresql\""
fi
settings+=$'\n\n'"$(sed "s#/var/backups/gege#$backups#g" "$source/deploy/debian/gege.toml")"

if [ -z "$root" ]; then
    step "packages: ${needed[*]}" packages -- install_packages
    step "user $user, without a shell and a password" id "$user" -- \
        useradd --system --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$user"
fi
step "code: $source -> $code" same_code -- bring_code
[ -n "$root" ] || step "environment: $code/.venv (0.7 GB)" same_environment -- make_environment
step "home: $home, for $user alone" folder "$home" 700 -- make_folder "$home" 700
step "backups: $backups, for $user alone" folder "$backups" 700 -- make_folder "$backups" 700
step "dialogue models: $code/models/dialogue, written by $user" folder "$code/models/dialogue" 750 -- \
    make_folder "$code/models/dialogue" 750
step "settings: $home/gege.toml" test -e "$root$home/gege.toml" -- write_file "$settings" "$home/gege.toml" 600 "$user"
if [ -n "$postgresql" ] && [ -z "$root" ]; then
    step "PostgreSQL: role $user" has_role -- runuser -u postgres -- createuser "$user"
    step "PostgreSQL: database $user" has_database -- \
        runuser -u postgres -- createdb --owner "$user" --encoding UTF8 --template template0 "$user"
    grep -q '^database = "postgresql' "$home/gege.toml" 2>/dev/null || [ -n "$check" ] ||
        echo "NOTE: $home/gege.toml was there before and names no PostgreSQL; it stays as it is" >&2
fi
step "command: /usr/local/bin/gege" same_file "$(ours debian/gege)" /usr/local/bin/gege -- \
    write_file "$(ours debian/gege)" /usr/local/bin/gege 755
step "unit: /etc/systemd/system/gege.service" same_file "$(ours systemd/gege.service)" /etc/systemd/system/gege.service -- \
    write_file "$(ours systemd/gege.service)" /etc/systemd/system/gege.service
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
    [ -n "$check" ] || systemctl daemon-reload
    step "Gege starts with the machine" systemctl is-enabled gege -- systemctl enable -q gege
    step "Gege runs" systemctl is-active gege -- systemctl start gege
fi

if [ "$todo" = 0 ]; then
    echo "nothing to do"
elif [ -n "$check" ]; then
    exit 1
else
    echo "done. Next: gege init (docs/operate.md, From a bare Debian 12 to the first call)"
fi
