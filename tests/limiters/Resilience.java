// SPDX-License-Identifier: MIT
// resilience4j's RateLimiter in Spring Boot, 5 in 2 s, which waits for nobody:
// what is too much is an exception, and so a 500. Resilience PORT.
package limiters;

import io.github.resilience4j.ratelimiter.annotation.RateLimiter;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Resilience {
	@GetMapping("/x")
	@RateLimiter(name = "all")
	public String answer() {
		return "ok";
	}

	public static void main(String[] args) {
		String all = "resilience4j.ratelimiter.instances.all.";
		SpringApplication app = new SpringApplication(Resilience.class);
		app.setDefaultProperties(Map.of("server.port", args[0],
			"server.address", "127.0.0.1", "logging.level.root", "OFF",
			all + "limit-for-period", "5",
			all + "limit-refresh-period", "2s",
			all + "timeout-duration", "0"));
		app.run();
	}
}
