#!/bin/sh
# SPDX-License-Identifier: MIT
#
# OkHttp 5.5.1, as it comes: a POST that was answered with 503 and
# "Retry-After: 0" is sent again at once, body and all, without a word to the
# program; the same with 408, unless that names a wait. The option for attempts
# is called retryOnConnectionFailure, and no connection failed. So a refusal that
# is cut down to 0 seconds costs a second refusal, and a server that began the
# work before it answered begins it twice.
#
# Guess: an answer is handed out, whatever its status; a POST is sent once.
# Seen (POSTs that reached the server for one call):
#        503: 1; 503 with Retry-After: 0: 2; with Retry-After: 1: 1
#        429 with Retry-After: 0: 1; 408: 2; 408 with Retry-After: 1: 1

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for tool in java javac mvn; do
	command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
cd "$dir"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ask</groupId>
  <artifactId>ask</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.squareup.okhttp3</groupId>
      <artifactId>okhttp-jvm</artifactId>
      <version>5.5.1</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >log 2>&1 ||
	{ echo "skipped: okhttp 5.5.1 cannot be had"; exit 77; }

cat >Ask.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

public class Ask {
	// A path is a status, and after a hyphen what Retry-After says.
	private static HttpServer serve(Map<String, Integer> posts)
			throws Exception {
		HttpServer server = HttpServer.create(
			new InetSocketAddress("127.0.0.1", 0), 0);
		server.createContext("/", exchange -> {
			String path = exchange.getRequestURI().getPath();
			if (exchange.getRequestBody().readAllBytes().length == 5)
				posts.merge(path, 1, Integer::sum);
			String[] words = path.substring(1).split("-");
			if (words.length > 1)
				exchange.getResponseHeaders().set("Retry-After", words[1]);
			exchange.sendResponseHeaders(Integer.parseInt(words[0]), -1);
			exchange.close();
		});
		server.start();
		return server;
	}

	public static void main(String[] args) throws Exception {
		Map<String, Integer> posts = new ConcurrentHashMap<>();
		HttpServer server = serve(posts);
		String root = "http://127.0.0.1:" + server.getAddress().getPort();
		OkHttpClient client = new OkHttpClient.Builder()
			.proxy(Proxy.NO_PROXY).build();
		StringBuilder seen = new StringBuilder();
		for (String answer : new String[] {
				"503", "503-0", "503-1", "429-0", "408", "408-1" }) {
			Request request = new Request.Builder().url(root + "/" + answer)
				.post(RequestBody.create("order".getBytes())).build();
			try (Response response = client.newCall(request).execute()) {
				seen.append(answer).append(": ").append(response.code())
					.append(" after ").append(posts.get("/" + answer))
					.append("; ");
			}
		}
		System.out.println(seen);
		System.exit(seen.toString().equals(
			"503: 503 after 1; 503-0: 503 after 2; 503-1: 503 after 1; "
			+ "429-0: 429 after 1; 408: 408 after 2; 408-1: 408 after 1; ")
			? 0 : 1);
	}
}
JAVA
javac -cp 'lib/*' Ask.java
java -cp 'lib/*:.' Ask
