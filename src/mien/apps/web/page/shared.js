// src/engine/facts.ts
/** Fetches a file of the page, or says which one is missing: a 404 page is no model. */
async function fetchFile(address) {
	const response = await fetch(address);
	if (!response.ok) throw new Error(`${address} cannot be loaded (${response.status}). Reload the page.`);
	return response;
}
async function fetchJson(address) {
	return await (await fetchFile(address)).json();
}
// src/engine/client.ts
var Client = class {
	onProgress;
	worker = new Worker(new URL(
		/* @vite-ignore */
		new URL("worker.js", import.meta.url).href,
		"" + import.meta.url
	));
	waiting = /* @__PURE__ */ new Map();
	nextId = 0;
	/** Why there are no more answers. */
	end;
	constructor(onProgress = () => {}) {
		this.onProgress = onProgress;
		this.worker.onmessage = (event) => this.settle(event.data);
		this.worker.onerror = (event) => this.fail(new Error(event.message || "The worker could not be started."));
	}
	call(call) {
		if (this.end) return Promise.reject(this.end);
		const id = this.nextId++;
		const bitmaps = "bitmap" in call ? [call.bitmap] : [];
		return new Promise((resolve, reject) => {
			this.waiting.set(id, {
				resolve,
				reject
			});
			this.worker.postMessage({
				id,
				call
			}, bitmaps);
		});
	}
	close() {
		this.worker.terminate();
		this.fail(/* @__PURE__ */ new Error("Closed."));
	}
	settle(answer) {
		if ("result" in answer && answer.id < 0) return this.onProgress(answer.result.done);
		const promise = this.waiting.get(answer.id);
		this.waiting.delete(answer.id);
		if ("error" in answer) promise?.reject(new Error(answer.error));
		else promise?.resolve(answer.result);
	}
	fail(error) {
		this.end = error;
		for (const { reject } of this.waiting.values()) reject(error);
		this.waiting.clear();
	}
};
// src/page/reader.ts
var LocalReader = class LocalReader {
	client;
	labels;
	isFullyAccelerated;
	constructor(client, labels, isFullyAccelerated) {
		this.client = client;
		this.labels = labels;
		this.isFullyAccelerated = isFullyAccelerated;
	}
	static async open(facts, bundle, file, accelerator) {
		const client = new Client();
		const base = new URL("./", document.baseURI).href;
		try {
			const call = {
				kind: "open",
				base,
				facts,
				bundle,
				file,
				accelerator
			};
			const { labels, isFullyAccelerated } = await client.call(call);
			return new LocalReader(client, labels, isFullyAccelerated);
		} catch (error) {
			client.close();
			throw error;
		}
	}
	readPicture(bitmap) {
		return this.client.call({
			kind: "picture",
			bitmap
		});
	}
	readFrame(bitmap, time_s) {
		return this.client.call({
			kind: "frame",
			bitmap,
			time_s
		});
	}
	async reset() {
		await this.client.call({ kind: "reset" });
	}
	close() {
		this.client.close();
	}
};
var JPEG_QUALITY = .9;
/** What the server decodes; other pictures are sent as PNG. */
var SENT_AS_THEY_ARE = [
	"image/jpeg",
	"image/png",
	"image/webp",
	"image/bmp",
	"image/gif"
];
/** Live frames go over one WebSocket, pictures over REST. The server decides who is who, and steadies labels. */
var ServerReader = class ServerReader {
	labels;
	bundle;
	file;
	key;
	socket;
	answer;
	isClosed = false;
	constructor(labels, bundle, file, key) {
		this.labels = labels;
		this.bundle = bundle;
		this.file = file;
		this.key = key;
	}
	static async open(bundle, file, key) {
		const response = await ask("v1/models", { headers: keyHeader(key()) });
		if (response.status === 401) throw new Error("This server asks for a key. Enter it in the settings.");
		const values = await response.json();
		if (!response.ok) throw new Error(values.error);
		const model = values.models.find((one) => one.name === bundle);
		return new ServerReader(model.labels, bundle, file, key);
	}
	async readPicture(bitmap, file) {
		const started = performance.now();
		const query = new URLSearchParams({
			model: this.bundle,
			file: this.file
		});
		const body = SENT_AS_THEY_ARE.includes(file.type) ? file : await encode(bitmap, "image/png");
		bitmap.close();
		const headers = {
			...keyHeader(this.key()),
			"Content-Type": body.type
		};
		const response = await ask(`v1/predict?${query}`, {
			method: "POST",
			body,
			headers
		});
		const values = await response.json();
		if (!response.ok) throw new Error(values.error);
		const [result] = values.results;
		const faces = result.faces.map((face) => ({
			...face,
			track_id: -1
		}));
		return {
			...result,
			faces,
			time_s: 0,
			detect_ms: performance.now() - started,
			classify_ms: 0,
			num_dropped: 0
		};
	}
	async readFrame(bitmap, time_s) {
		const started = performance.now();
		const frame = await encode(bitmap, "image/jpeg");
		bitmap.close();
		const socket = await this.connected();
		return {
			...await new Promise((resolve, reject) => {
				this.answer = {
					resolve,
					reject
				};
				socket.send(frame);
			}),
			time_s,
			detect_ms: performance.now() - started,
			classify_ms: 0
		};
	}
	/** The next connection knows nothing of this one, and the server has room for another client meanwhile. */
	async reset() {
		this.socket?.close();
		this.socket = void 0;
	}
	close() {
		this.isClosed = true;
		this.reset();
	}
	async connected() {
		if (this.isClosed) throw new Error("Closed.");
		if (this.socket?.readyState === WebSocket.OPEN) return this.socket;
		const address = new URL("v1/stream", document.baseURI);
		address.protocol = address.protocol.replace("http", "ws");
		address.search = String(new URLSearchParams({
			model: this.bundle,
			file: this.file,
			key: this.key()
		}));
		const socket = new WebSocket(address);
		this.socket = socket;
		await new Promise((resolve, reject) => {
			socket.onopen = () => resolve();
			const hint = this.key() ? " Is the key right?" : "";
			socket.onerror = () => reject(/* @__PURE__ */ new Error(`The server does not answer, or refuses live video.${hint}`));
		});
		const isCurrent = () => socket === this.socket;
		socket.onmessage = (event) => isCurrent() && this.settle(JSON.parse(event.data));
		socket.onclose = (event) => isCurrent() && this.settle({ error: `The server ended the connection (${event.reason || event.code}).` });
		return socket;
	}
	settle(values) {
		const answer = this.answer;
		this.answer = void 0;
		if ("error" in values) answer?.reject(new Error(values.error));
		else answer?.resolve(values);
	}
};
function keyHeader(key) {
	if (/[^\x20-\x7e]/.test(key)) throw new Error("A key has letters, digits and signs of ASCII alone.");
	return key ? { "X-API-Key": key } : {};
}
/** Asks the server; what browsers say of a server that is gone helps nobody. */
async function ask(address, request) {
	try {
		return await fetch(address, request);
	} catch {
		throw new Error("The server does not answer.");
	}
}
async function encode(bitmap, type) {
	const canvas = document.createElement("canvas");
	canvas.width = bitmap.width;
	canvas.height = bitmap.height;
	canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
	return new Promise((resolve, reject) => {
		canvas.toBlob((blob) => blob ? resolve(blob) : reject(/* @__PURE__ */ new Error("This picture cannot be sent.")), type, JPEG_QUALITY);
	});
}
// src/page/choose_reader.ts
var LOCAL = "Reads on this device";
async function chooseReader(facts, choice) {
	let reason = facts.not_on_device_because;
	if (facts.on_device) try {
		return await openLocal(facts, choice);
	} catch (error) {
		reason = messageOf(error);
		if (!facts.has_server) throw new Error(`This browser cannot read faces by itself: ${reason}`);
	}
	return {
		reader: await ServerReader.open(choice.bundle, choice.file, choice.key),
		isLocal: false,
		where: `Reads on the server: ${reason}`,
		note: ""
	};
}
/** Opens the worker; a GPU that does not work out is left for the processor, and never for the server. */
async function openLocal(facts, { bundle, file, accelerator }) {
	if (accelerator === "webgpu") try {
		const reader = await LocalReader.open(facts, bundle, file, "webgpu");
		const note = reader.isFullyAccelerated ? "" : "Part of this network runs on the processor: the GPU cannot do all of it.";
		return {
			reader,
			isLocal: true,
			where: `${LOCAL}, with WebGPU`,
			note
		};
	} catch (error) {
		return {
			reader: await LocalReader.open(facts, bundle, file, "wasm"),
			isLocal: true,
			where: LOCAL,
			note: `WebGPU does not run this network (${messageOf(error)}); the processor does.`
		};
	}
	return {
		reader: await LocalReader.open(facts, bundle, file, "wasm"),
		isLocal: true,
		where: LOCAL,
		note: ""
	};
}
function messageOf(error) {
	return error instanceof Error ? error.message : String(error);
}
// src/page/elements.ts
/** Returns an element of the page; one that is missing is our mistake. */
function byId(id) {
	const element = document.getElementById(id);
	if (element === null) throw new Error(`The page has no #${id}.`);
	return element;
}
// src/page/save.ts
/** About an hour of one face at 30 frames a second; more would fill a phone's memory. */
var MAX_ROWS = 12e4;
/** Readings since the source began. The CSV has the columns that `mien stream --csv` writes. */
var Journal = class {
	source;
	model;
	labels;
	columns;
	rows = [];
	/** Frame, seconds, milliseconds of finding and of reading, frames lost before it. */
	frames = [];
	isFull = false;
	constructor(source, model, labels) {
		this.source = source;
		this.model = model;
		this.labels = labels;
		const head = [
			"source",
			"frame",
			"time_s",
			"face",
			"track_id",
			"x1",
			"y1",
			"x2",
			"y2",
			"detection_confidence"
		];
		this.columns = [
			...head,
			"expression",
			"probability",
			"uncertain",
			...labels.map((label) => `score_${label}`)
		];
	}
	get size() {
		return this.rows.length;
	}
	add(result) {
		this.isFull ||= this.size + Math.max(1, result.faces.length) > MAX_ROWS;
		if (this.isFull) return;
		this.rows.push(...this.rowsOf(result));
		this.frames.push([
			this.frames.length,
			round(result.time_s),
			round(result.detect_ms),
			round(result.classify_ms),
			result.num_dropped
		]);
	}
	toCsv() {
		const lines = [this.columns, ...this.rows].map((cells) => cells.map(quoted).join(",") + "\r\n");
		return new Blob(lines, { type: "text/csv" });
	}
	toJson() {
		const { source, model, columns, rows, frames } = this;
		const head = {
			source,
			model,
			frame_columns: [
				"frame",
				"time_s",
				"detect_ms",
				"classify_ms",
				"num_dropped"
			],
			columns
		};
		const list = (values) => values.flatMap((value, index) => [index ? ",\n" : "\n", JSON.stringify(value)]);
		const parts = [
			JSON.stringify(head).slice(0, -1),
			",\"frames\":[",
			...list(frames),
			"],\"rows\":[",
			...list(rows),
			"]}\n"
		];
		return new Blob(parts, { type: "application/json" });
	}
	rowsOf(result) {
		const head = [
			this.source,
			this.frames.length,
			round(result.time_s)
		];
		if (result.faces.length === 0) return [[
			...head,
			-1,
			-1,
			...Array(this.columns.length - 5).fill("")
		]];
		return result.faces.map((face, number) => [
			...head,
			number,
			face.track_id,
			...face.box_xyxy.map((value) => Number(value.toFixed(2))),
			round(face.detection_confidence),
			face.expression,
			round(face.probability),
			face.uncertain ? "True" : "False",
			...this.labels.map((label) => round(face.scores[label]))
		]);
	}
};
function round(value) {
	return Math.round(value * 1e6) / 1e6;
}
function quoted(cell) {
	const text = String(cell);
	return /[",\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text;
}
/** Hands a file to the person. */
function save(name, content) {
	const address = URL.createObjectURL(content);
	const link = document.createElement("a");
	link.href = address;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(address), 1e4);
}
function stamp() {
	return (/* @__PURE__ */ new Date()).toISOString().slice(0, 19).replaceAll(":", "-");
}
export { chooseReader as a, fetchJson as c, byId as i, save as n, messageOf as o, stamp as r, Client as s, Journal as t };
