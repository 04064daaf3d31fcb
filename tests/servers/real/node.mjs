// SPDX-License-Identifier: MIT
// A cluster of two; HUP starts two others, and lets the old ones end.
import cluster from "node:cluster";
import fs from "node:fs";
import http from "node:http";

if (cluster.isPrimary) {
	let workers = [];
	const roll = () => {
		const old = workers;
		workers = [cluster.fork(), cluster.fork()];
		workers[1].once("listening", () => setTimeout(() => {
			old.forEach((worker) => worker.disconnect());
		}, 200));
	};
	process.on("SIGHUP", roll);
	process.on("SIGTERM", () => process.exit(0));
	roll();
} else {
	const log = fs.openSync(process.env.LOG, "a");
	const server = http.createServer((request, response) => {
		request.resume();
		request.on("end", () => {
			fs.writeSync(log, request.url + "\n");
			response.setHeader("Content-Length", 2);
			response.end("ok");
		});
	});
	server.keepAliveTimeout = 1000 * process.env.IDLE;
	server.listen(Number(process.env.PORT), "127.0.0.1");
}
