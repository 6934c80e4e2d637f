// One job by imapflow: node bench/imapflow_job.cjs DIRECTORY JOB HOST PORT COUNT. DIRECTORY holds its node_modules.
// Prints what bench/client_jobs.py prints.
"use strict";
const { createRequire } = require("node:module");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pipeline } = require("node:stream/promises");

const [directory, job, host, port, count] = process.argv.slice(2);
const { ImapFlow } = createRequire(path.join(directory, "from.js"))("imapflow");
const MAILBOX = { records: "Big", bodies: "Real", file: "Whole" };
const ITEMS = {
  records: { uid: true, flags: true, internalDate: true, size: true, envelope: true, bodyStructure: true },
  bodies: { uid: true, source: true },
};

function kilobytes(name) {
  const line = fs.readFileSync("/proc/self/status", "utf8").split("\n").find((each) => each.startsWith(name));
  return Number(line.split(/\s+/)[1]);
}

async function work(client) {
  if (job === "file") {
    const room = fs.mkdtempSync(path.join(os.tmpdir(), "imapflow-"));
    const { content } = await client.download(count, undefined, { uid: true });
    await pipeline(content, fs.createWriteStream(path.join(room, "message")));
    const { size } = fs.statSync(path.join(room, "message"));
    fs.rmSync(room, { recursive: true });
    return size > 1_000_000 ? 1 : 0;
  }
  let seen = 0;
  for await (const message of client.fetch(`1:${count}`, ITEMS[job], { uid: true })) {
    if (job === "bodies") seen += message.source.length > 500 ? 1 : 0;
    else if (message.envelope.messageId && message.internalDate && message.size && message.bodyStructure.type) seen += 1;
  }
  return seen;
}

async function main() {
  const auth = { user: "ann", pass: "secret" };
  const client = new ImapFlow({ host, port: Number(port), secure: false, doSTARTTLS: false, auth, logger: false, disableCompression: true });
  await client.connect();
  await client.mailboxOpen(MAILBOX[job], { readOnly: true });
  const before_kb = kilobytes("VmHWM");
  const started = process.cpuUsage();
  const seen = await work(client);
  const used = process.cpuUsage(started);
  console.log(JSON.stringify({ cpu: (used.user + used.system) / 1e6, seen, peak_kb: kilobytes("VmHWM"), before_kb }));
  await client.logout();
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
