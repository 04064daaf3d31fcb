// SPDX-License-Identifier: MIT
// Jetty's DoSFilter, 5 a second, that refuses instead of delaying: Dos PORT.
package limiters;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumSet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlets.DoSFilter;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

public class Dos {
	public static class Answer extends HttpServlet {
		@Override
		protected void doGet(HttpServletRequest request,
			HttpServletResponse response) throws IOException {
			response.setContentType("text/plain");
			response.getWriter().print("ok");
		}
	}

	public static void main(String[] args) throws Exception {
		var server = new Server();
		var connector = new ServerConnector(server);
		connector.setHost("127.0.0.1");
		connector.setPort(Integer.parseInt(args[0]));
		server.addConnector(connector);
		var context = new ServletContextHandler();
		var filter = context.addFilter(DoSFilter.class, "/*",
			EnumSet.of(DispatcherType.REQUEST));
		filter.setAsyncSupported(true);
		filter.setInitParameter("maxRequestsPerSec", "5");
		filter.setInitParameter("delayMs", "-1");
		context.addServlet(Answer.class, "/x");
		server.setHandler(context);
		server.start();
	}
}
