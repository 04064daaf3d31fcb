#!/bin/sh
# SPDX-License-Identifier: MIT
# Apache with one of these limiters: apache.sh PORT MODULE, in $FOLDER.
#
#	evasive   after more than 5 requests with less than 2 s between them, 403
#	          for 2 s, and for 2 s more with each that is refused
#	qos       more than 5 in 2 s: 500; what is refused is counted, too
#	security  more than 5 in 2 s: 429, by a rule of ModSecurity
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
case $2 in
evasive)
	directives="LoadModule evasive20_module $modules/mod_evasive20.so
DOSPageCount 5
DOSPageInterval 2
DOSSiteCount 100000
DOSSiteInterval 1
DOSBlockingPeriod 2
DOSLogDir $FOLDER"
	;;
qos) # Debian 12 has built it with a library that Apache does not load
	directives="LoadFile $(echo "$INSTALLED"/lib/*-linux-gnu/libpcre.so.3)
LoadModule setenvif_module $its_own/mod_setenvif.so
LoadModule qos_module $modules/mod_qos.so
SetEnvIf Request_URI /x COUNTED=1
QS_EventLimitCount COUNTED 5 2"
	;;
security)
	mkdir -p "$FOLDER/data"
	chmod 777 "$FOLDER/data"
	directives="LoadModule unique_id_module $its_own/mod_unique_id.so
LoadModule security2_module $modules/mod_security2.so
SecRuleEngine On
SecDataDir $FOLDER/data
SecAction \"id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR}\"
SecRule IP:N \"@ge 5\" \"id:2,phase:1,deny,status:429,nolog\"
SecAction \"id:3,phase:1,nolog,pass,setvar:ip.n=+1,expirevar:ip.n=2\""
	;;
esac
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
User $user
ServerLimit 1
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 32
MaxRequestsPerChild 0
DocumentRoot $FOLDER/www
$directives
END
export LD_LIBRARY_PATH="$lib"
exec apache2 -X -f "$FOLDER/apache.conf"
