// SPDX-License-Identifier: MIT
// Bucket4j before the server of the JDK, 5 at once and 5 more in 2 s, with the
// fields of its documentation: Bucket PORT.
package limiters;

import com.sun.net.httpserver.HttpServer;
import io.github.bucket4j.ConsumptionProbe;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executors;

public class Bucket {
	public static void main(String[] args) throws Exception {
		var bucket = io.github.bucket4j.Bucket.builder()
			.addLimit(limit -> limit.capacity(5)
				.refillGreedy(5, Duration.ofSeconds(2)))
			.build();
		var server = HttpServer.create(new InetSocketAddress("127.0.0.1",
			Integer.parseInt(args[0])), 128);
		server.setExecutor(Executors.newFixedThreadPool(16));
		server.createContext("/x", exchange -> {
			ConsumptionProbe probe = bucket.tryConsumeAndReturnRemaining(1);
			boolean passes = probe.isConsumed();
			if (!passes)
				exchange.getResponseHeaders().add(
					"X-Rate-Limit-Retry-After-Seconds", "" +
					probe.getNanosToWaitForRefill() / 1_000_000_000);
			exchange.sendResponseHeaders(passes ? 200 : 429, -1);
			exchange.close();
		});
		server.start();
	}
}
