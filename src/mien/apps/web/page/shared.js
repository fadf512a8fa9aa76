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
// src/page/elements.ts
/** Returns an element of the page; one that is missing is our mistake. */
function byId(id) {
	const element = document.getElementById(id);
	if (element === null) throw new Error(`The page has no #${id}.`);
	return element;
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
	constructor(onProgress = () => {}) {
		this.onProgress = onProgress;
		this.worker.onmessage = (event) => this.settle(event.data);
		this.worker.onerror = (event) => this.fail(new Error(event.message || "The worker could not be started."));
	}
	call(call) {
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
		for (const { reject } of this.waiting.values()) reject(error);
		this.waiting.clear();
	}
};
// src/page/save.ts
/** About an hour of one face at 30 frames a second; more would fill a phone's memory. */
var MAX_ROWS = 12e4;
/** Readings since the source began. The CSV has the columns that `mien stream --csv` writes. */
var Journal = class {
	source;
	results = [];
	numRows = 0;
	isFull = false;
	constructor(source) {
		this.source = source;
	}
	get size() {
		return this.numRows;
	}
	add(result) {
		const rows = Math.max(1, result.faces.length);
		this.isFull ||= this.numRows + rows > MAX_ROWS;
		if (this.isFull) return;
		this.results.push(result);
		this.numRows += rows;
	}
	toCsv(labels) {
		const columns = [
			...[
				"source",
				"frame",
				"time_s",
				"face",
				"track_id",
				"x1",
				"y1",
				"x2",
				"y2"
			],
			"detection_confidence",
			"expression",
			"probability",
			"uncertain",
			...labels.map((label) => `score_${label}`)
		];
		return [columns, ...this.results.flatMap((result, frame) => this.rowsOf(result, frame, labels, columns.length))].map((cells) => cells.map(quoted).join(",")).join("\r\n") + "\r\n";
	}
	toJson() {
		return JSON.stringify({
			source: this.source,
			frames: this.results.map((result, frame) => ({
				frame,
				...result
			}))
		});
	}
	rowsOf(result, frame, labels, width) {
		const head = [
			this.source,
			frame,
			round(result.time_s)
		];
		if (result.faces.length === 0) return [[
			...head,
			-1,
			-1,
			...Array(width - 5).fill("")
		]];
		return result.faces.map((face, number) => [
			...head,
			number,
			face.track_id,
			...face.box_xyxy.map((value) => value.toFixed(2)),
			round(face.detection_confidence),
			face.expression,
			round(face.probability),
			face.uncertain ? "True" : "False",
			...labels.map((label) => round(face.scores[label]))
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
function save(name, content, type = "text/plain") {
	const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
	const link = document.createElement("a");
	link.href = address;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(address), 1e4);
}
function stamp() {
	return (/* @__PURE__ */ new Date()).toISOString().slice(0, 19).replaceAll(":", "-");
}
export { byId as a, Client as i, save as n, fetchJson as o, stamp as r, Journal as t };
