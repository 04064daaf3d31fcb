// SPDX-License-Identifier: MIT
// Spring Cloud Gateway's RequestRateLimiter, 2/s and 5 in store, which counts in
// a Redis: Gateway PORT.
package limiters;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.gateway.filter.ratelimit.KeyResolver;
import org.springframework.cloud.gateway.filter.ratelimit.RedisRateLimiter;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

@SpringBootApplication
@RestController
public class Gateway {
	@GetMapping("/ok")
	public Mono<String> answer() {
		return Mono.just("ok");
	}

	@Bean
	public RedisRateLimiter limiter() {
		return new RedisRateLimiter(2, 5);
	}

	@Bean
	public KeyResolver all() {
		return exchange -> Mono.just("all");
	}

	@Bean
	public RouteLocator routes(RouteLocatorBuilder builder,
		RedisRateLimiter limiter, KeyResolver all) {
		return builder.routes().route("x", route -> route.path("/x")
			.filters(filter -> filter.requestRateLimiter(limits -> limits
				.setRateLimiter(limiter).setKeyResolver(all))
				.setPath("/ok"))
			.uri("forward:/ok")).build();
	}

	public static void main(String[] args) throws Exception {
		String folder = System.getenv("FOLDER");
		String installed = System.getenv("INSTALLED");
		String port = System.getenv("REDIS_PORT");
		ProcessBuilder redis = new ProcessBuilder("redis-server", "--port",
			port, "--bind", "127.0.0.1", "--save", "", "--dir", folder);
		redis.environment().put("LD_LIBRARY_PATH",
			installed + "/usr/lib/x86_64-linux-gnu");
		redis.redirectErrorStream(true);
		redis.redirectOutput(ProcessBuilder.Redirect.DISCARD);
		redis.start();
		SpringApplication app = new SpringApplication(Gateway.class);
		app.setDefaultProperties(Map.of("server.port", args[0],
			"server.address", "127.0.0.1", "logging.level.root", "OFF",
			"spring.data.redis.host", "127.0.0.1",
			"spring.data.redis.port", port));
		app.run();
	}
}
