#!/bin/sh
# SPDX-License-Identifier: MIT
# Rack::Attack, 5 in 2 s, as it comes: rack.sh PORT, in $FOLDER.
set -eu
cat >"$FOLDER/server.rb" <<'END'
require "rack"
require "rack/attack"
require "stringio"
require "webrick"

# Its keys have the window in them.
class Store < Hash
	def increment(key, amount, _options = {})
		self[key] = (self[key] || 0) + amount
	end

	def read(key)
		self[key]
	end

	def write(key, value, _options = {})
		self[key] = value
	end
end
Rack::Attack.cache.store = Store.new
Rack::Attack.throttle("all", limit: 5, period: 2) { |_| "all" }
app = Rack::Attack.new(lambda { |_| [200, {}, ["ok"]] })
server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1",
	Port: ARGV[0].to_i, AccessLog: [], Logger: WEBrick::Log.new(nil, 0))
server.mount_proc("/") do |request, answer|
	answer.status, headers, body = app.call(
		"REQUEST_METHOD" => "GET", "PATH_INFO" => "/x",
		"REMOTE_ADDR" => "127.0.0.1", "rack.input" => StringIO.new)
	headers.each { |name, value| answer[name] = value }
	answer.body = body.join
end
server.start
END
libraries=$(echo "$INSTALLED"/usr/lib/*-linux-gnu)
RUBYLIB=
for path in "$INSTALLED"/usr/lib/ruby/3.1.0 "$libraries"/ruby/3.1.0 \
	"$INSTALLED"/usr/lib/ruby/vendor_ruby \
	"$INSTALLED"/usr/share/rubygems-integration/all/gems/*/lib; do
	RUBYLIB=$RUBYLIB:$path
done
export RUBYLIB="${RUBYLIB#:}" LD_LIBRARY_PATH="$libraries"
PATH=$INSTALLED/usr/bin:$PATH exec ruby --disable-gems "$FOLDER/server.rb" "$1"
