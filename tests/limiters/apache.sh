#!/bin/sh
# SPDX-License-Identifier: MIT
# Apache with mod_evasive: after more than 5 requests with less than 2 s between
# them, 403 for 2 s, and for 2 s more with each that is refused: apache.sh PORT,
# in $FOLDER.
set -eu
lib=$(echo "$INSTALLED"/usr/lib/*-linux-gnu)
modules=$INSTALLED/usr/lib/apache2/modules
its_own=$modules
[ -e "$its_own/mod_mpm_event.so" ] || its_own=/usr/lib/apache2/modules
mkdir -p "$FOLDER/www"
user=$(id -un)
if [ "$user" = root ]; then # it refuses to serve as root
	user=www-data
	chmod 711 "$FOLDER"
fi
echo ok >"$FOLDER/www/x"
cat >"$FOLDER/apache.conf" <<END
ServerRoot $FOLDER
ServerName localhost
PidFile $FOLDER/pid
DefaultRuntimeDir $FOLDER
Mutex file:$FOLDER
ErrorLog /dev/null
Listen 127.0.0.1:$1
LoadModule mpm_event_module $its_own/mod_mpm_event.so
LoadModule authz_core_module $its_own/mod_authz_core.so
LoadModule evasive20_module $modules/mod_evasive20.so
User $user
ServerLimit 1
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 32
MaxRequestsPerChild 0
DocumentRoot $FOLDER/www
DOSPageCount 5
DOSPageInterval 2
DOSSiteCount 100000
DOSSiteInterval 1
DOSBlockingPeriod 2
DOSLogDir $FOLDER
END
export LD_LIBRARY_PATH="$lib"
exec apache2 -X -f "$FOLDER/apache.conf"
