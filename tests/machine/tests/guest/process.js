// SPDX-License-Identifier: GPL-2.0-only
// A process to which khttpd hands connections over, of Node.js: process.js ADDRESS PORT
//
// It echoes a request: its method and target, then its content.
"use strict";
const http = require("node:http");
const [address, port] = process.argv.slice(2);

function respond(request, response) {
    const pieces = [`${request.method} ${request.url}\n`];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
        const body = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
        response.writeHead(200, { "Content-Length": body.length });
        response.end(request.method === "HEAD" ? undefined : body);
    });
}

const server = http.createServer({ keepAliveTimeout: 600000, requestTimeout: 0 }, respond);
// Without an address it listens at all addresses of both families by one socket.
server.listen({ port: Number(port), host: address === "::" ? undefined : address, backlog: 4096 });
