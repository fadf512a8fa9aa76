import { a as byId, i as Client, n as save, o as fetchJson, r as stamp, t as Journal } from "./shared.js";
// src/page/camera.ts
/** What the detector needs; more pixels would only cost time. */
var SIZE = {
	width: { ideal: 640 },
	height: { ideal: 480 },
	frameRate: { ideal: 30 }
};
var REASONS = {
	NotAllowedError: "The camera may not be used. Allow it in the browser’s settings for this page.",
	NotFoundError: "No camera was found. Connect one, or choose a picture or a video.",
	NotReadableError: "The camera is in use by another program. Close it and try again.",
	OverconstrainedError: "This camera is not there any more. Choose another one."
};
async function openCamera(deviceId) {
	if (!("mediaDevices" in navigator)) throw new Error("Browsers give a camera to HTTPS pages and to this machine’s own address only. Open the page over HTTPS.");
	const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
	try {
		return await navigator.mediaDevices.getUserMedia({
			video: {
				...SIZE,
				...which
			},
			audio: false
		});
	} catch (error) {
		const name = error instanceof Error ? error.name : "";
		throw new Error(REASONS[name] ?? `The camera cannot be opened (${name || error}).`);
	}
}
/** Lists the cameras; they have names only after one was allowed. */
async function listCameras(select) {
	const cameras = (await navigator.mediaDevices?.enumerateDevices() ?? []).filter((device) => device.kind === "videoinput" && device.deviceId);
	const chosen = select.value;
	const options = cameras.map((device, index) => new Option(device.label || `Camera ${index + 1}`, device.deviceId));
	select.replaceChildren(new Option("Default", ""), ...options);
	select.value = cameras.some((device) => device.deviceId === chosen) ? chosen : "";
}
function closeCamera(stream) {
	for (const track of stream.getTracks()) track.stop();
}
// src/page/live.ts
var FIGURES_OVER_S = 2;
var Live = class {
	video;
	reader;
	onResult;
	onError;
	isBusy = false;
	isOver = false;
	numDropped = 0;
	recent = [];
	constructor(video, reader, onResult, onError) {
		this.video = video;
		this.reader = reader;
		this.onResult = onResult;
		this.onError = onError;
	}
	start() {
		this.next();
	}
	stop() {
		this.isOver = true;
	}
	next() {
		if (this.isOver) return;
		if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(() => this.onFrame());
		else requestAnimationFrame(() => this.onFrame());
	}
	onFrame() {
		this.next();
		if (this.isOver || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
		if (this.isBusy) {
			this.numDropped++;
			return;
		}
		this.isBusy = true;
		this.read().catch((error) => {
			if (this.isOver) return;
			this.stop();
			this.onError(error);
		}).finally(() => this.isBusy = false);
	}
	async read() {
		const started = performance.now();
		const time_s = this.video.currentTime;
		const bitmap = await createImageBitmap(this.video);
		const result = await this.reader.readFrame(bitmap, time_s);
		if (this.isOver) return;
		const dropped = this.numDropped + result.num_dropped;
		this.numDropped = 0;
		this.count(performance.now() - started);
		this.onResult({
			...result,
			num_dropped: dropped
		}, this.figures(dropped));
	}
	count(latency_ms) {
		const now_s = performance.now() / 1e3;
		this.recent.push({
			at_s: now_s,
			latency_ms
		});
		this.recent = this.recent.filter(({ at_s }) => now_s - at_s <= FIGURES_OVER_S);
	}
	figures(num_dropped) {
		const span_s = this.recent[this.recent.length - 1].at_s - this.recent[0].at_s;
		const latencies = this.recent.map(({ latency_ms }) => latency_ms).sort((one, other) => one - other);
		return {
			framesPerSecond: span_s > 0 ? (this.recent.length - 1) / span_s : 0,
			latency_ms: latencies[Math.floor(latencies.length / 2)],
			num_dropped
		};
	}
};
// src/page/colors.ts
var COLORS = {
	angry: "#d1495b",
	disgust: "#7a9e3f",
	fear: "#8e6bbf",
	happy: "#e3a32b",
	sad: "#4a7fb5",
	surprise: "#e07b39",
	neutral: "#8a948f",
	contempt: "#a1745a"
};
function colorOf(label) {
	return COLORS[label] ?? "#3aa99f";
}
// src/page/overlay.ts
/** Draws the readings of a picture of `width` x `height` onto a canvas that lies over it; text is never mirrored. */
function drawReadings(context, faces, width, isMirrored) {
	const line = Math.max(2, width / 240);
	const size = Math.max(13, width / 32);
	context.font = `600 ${size}px system-ui, sans-serif`;
	context.lineWidth = line;
	context.textBaseline = "bottom";
	for (const face of faces) {
		const [x1, y1, x2, y2] = face.box_xyxy;
		const left = isMirrored ? width - x2 : x1;
		const color = face.uncertain ? "#98a39d" : colorOf(face.expression);
		const text = captionOf(face);
		context.strokeStyle = color;
		context.strokeRect(left, y1, x2 - x1, y2 - y1);
		const top = y1 > size * 1.4 ? y1 : y2 + size * 1.4;
		const wide = context.measureText(text).width + size * .6;
		context.fillStyle = color;
		context.fillRect(left - line / 2, top - size * 1.35, wide, size * 1.35);
		context.fillStyle = "#0d1210";
		context.fillText(text, left + size * .3, top - size * .1);
	}
}
function captionOf(face) {
	return `${face.expression} ${Math.round(face.probability * 100)} %${face.uncertain ? " ?" : ""}`;
}
// src/page/panel.ts
var SPEAK_EVERY_MS = 2e3;
var Panel = class {
	chosen = 0;
	shown = [];
	spokenAt = 0;
	rows = /* @__PURE__ */ new Map();
	/** Makes a bar for every label. */
	setLabels(labels) {
		this.rows.clear();
		byId("bars").replaceChildren(...labels.flatMap((label) => this.makeRow(label)));
		this.show([]);
	}
	show(faces) {
		this.shown = faces;
		this.chosen = Math.min(this.chosen, Math.max(0, faces.length - 1));
		const face = faces[this.chosen];
		this.fillBars(face);
		const title = byId("expression");
		title.textContent = face ? face.expression : "–";
		title.classList.toggle("unsure", face?.uncertain ?? false);
		byId("sure").textContent = sentenceOf(face);
		this.listFaces();
		this.speak(face);
	}
	makeRow(label) {
		const [term, bar, value] = [
			document.createElement("dt"),
			document.createElement("dd"),
			document.createElement("dd")
		];
		const fill = document.createElement("i");
		term.textContent = label;
		bar.className = "bar";
		fill.style.background = colorOf(label);
		bar.append(fill);
		this.rows.set(label, {
			bar: fill,
			value
		});
		return [
			term,
			bar,
			value
		];
	}
	fillBars(face) {
		for (const [label, { bar, value }] of this.rows) {
			const score = face?.scores[label] ?? 0;
			bar.style.width = `${score * 100}%`;
			value.textContent = face ? `${Math.round(score * 100)} %` : "";
		}
	}
	listFaces() {
		const box = byId("faces");
		const wanted = this.shown.length > 1 ? this.shown.length : 0;
		while (box.childElementCount > wanted) box.lastElementChild?.remove();
		while (box.childElementCount < wanted) {
			const index = box.childElementCount;
			const button = document.createElement("button");
			button.onclick = () => {
				this.chosen = index;
				this.show(this.shown);
			};
			box.append(button);
		}
		Array.from(box.children).forEach((button, index) => {
			const face = this.shown[index];
			button.textContent = face.track_id < 0 ? `Face ${index + 1}` : `Face ${face.track_id}`;
			button.setAttribute("aria-pressed", String(index === this.chosen));
			button.setAttribute("aria-label", `${button.textContent}: ${captionOf(face)}`);
		});
	}
	/** Tells screen readers of a change, not more often than one can listen to. */
	speak(face) {
		const text = face ? `${face.expression}${face.uncertain ? ", not sure" : ""}` : "no face";
		const spoken = byId("spoken");
		if (spoken.textContent === text || performance.now() - this.spokenAt < SPEAK_EVERY_MS) return;
		spoken.textContent = text;
		this.spokenAt = performance.now();
	}
};
function sentenceOf(face) {
	if (face === void 0) return "No face is seen.";
	const percent = `${Math.round(face.probability * 100)} %`;
	return face.uncertain ? `${percent}: the model is not sure.` : `${percent} sure.`;
}
// src/page/reader.ts
var LocalReader = class LocalReader {
	client;
	labels;
	constructor(client, labels) {
		this.client = client;
		this.labels = labels;
	}
	static async open(facts, bundle, file, accelerator) {
		const client = new Client();
		const base = new URL("./", document.baseURI).href;
		const { labels } = await client.call({
			kind: "open",
			base,
			facts,
			bundle,
			file,
			accelerator
		});
		return new LocalReader(client, labels);
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
/** Live frames go over one WebSocket, pictures over REST. The server decides who is who, and steadies labels. */
var ServerReader = class ServerReader {
	labels;
	bundle;
	file;
	key;
	socket;
	answer;
	constructor(labels, bundle, file, key) {
		this.labels = labels;
		this.bundle = bundle;
		this.file = file;
		this.key = key;
	}
	static async open(bundle, file, key) {
		const response = await fetch("v1/models", { headers: keyHeader(key()) });
		const values = await response.json();
		if (!response.ok) throw new Error(values.error);
		const model = values.models.find((one) => one.name === bundle);
		return new ServerReader(model.labels, bundle, file, key);
	}
	async readPicture(bitmap) {
		const started = performance.now();
		const query = new URLSearchParams({
			model: this.bundle,
			file: this.file
		});
		const body = await encode(bitmap, "image/png");
		const response = await fetch(`v1/predict?${query}`, {
			method: "POST",
			body,
			headers: keyHeader(this.key())
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
	async reset() {
		this.close();
	}
	close() {
		this.socket?.close();
		this.socket = void 0;
	}
	async connected() {
		if (this.socket?.readyState === WebSocket.OPEN) return this.socket;
		const address = new URL("v1/stream", document.baseURI);
		address.protocol = address.protocol.replace("http", "ws");
		address.search = String(new URLSearchParams({
			model: this.bundle,
			file: this.file,
			key: this.key()
		}));
		const socket = new WebSocket(address);
		socket.binaryType = "arraybuffer";
		await new Promise((resolve, reject) => {
			socket.onopen = () => resolve();
			socket.onerror = () => reject(/* @__PURE__ */ new Error("The server does not answer, or refuses live video. Is the key right?"));
		});
		socket.onmessage = (event) => this.settle(JSON.parse(event.data));
		socket.onclose = (event) => this.answer?.reject(/* @__PURE__ */ new Error(`The server ended the connection (${event.reason || event.code}).`));
		this.socket = socket;
		return socket;
	}
	settle(values) {
		if (values.error === void 0) this.answer?.resolve(values);
		else this.answer?.reject(new Error(values.error));
		this.answer = void 0;
	}
};
function keyHeader(key) {
	return key ? { "X-API-Key": key } : {};
}
async function encode(bitmap, type) {
	const canvas = document.createElement("canvas");
	canvas.width = bitmap.width;
	canvas.height = bitmap.height;
	canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
	bitmap.close();
	return new Promise((resolve, reject) => {
		canvas.toBlob((blob) => blob ? resolve(blob) : reject(/* @__PURE__ */ new Error("This picture cannot be sent.")), type, JPEG_QUALITY);
	});
}
// src/page/stage.ts
var Stage = class {
	video = byId("video");
	picture = byId("picture");
	overlay = byId("overlay");
	isMirrored = false;
	last;
	/** Shows the video element, mirrored or not. */
	showVideo(isMirrored) {
		this.show(this.video, isMirrored);
	}
	showPicture(bitmap) {
		this.picture.width = bitmap.width;
		this.picture.height = bitmap.height;
		this.picture.getContext("2d")?.drawImage(bitmap, 0, 0);
		this.show(this.picture, false);
	}
	setMirrored(isMirrored) {
		this.isMirrored = isMirrored;
		this.video.classList.toggle("mirrored", isMirrored);
		if (this.last) this.draw(this.last);
	}
	draw(result) {
		this.last = result;
		const { width, height } = result;
		if (this.overlay.width !== width) this.overlay.width = width;
		if (this.overlay.height !== height) this.overlay.height = height;
		const context = this.overlay.getContext("2d");
		context?.clearRect(0, 0, width, height);
		if (context) drawReadings(context, result.faces, width, this.isMirrored);
	}
	/** Returns what is seen, readings included, as a PNG. */
	async snapshot() {
		const shown = this.video.hidden ? this.picture : this.video;
		const canvas = document.createElement("canvas");
		canvas.width = this.overlay.width;
		canvas.height = this.overlay.height;
		const context = canvas.getContext("2d");
		if (context === null) throw new Error("This browser gives no canvas.");
		context.save();
		if (this.isMirrored) context.transform(-1, 0, 0, 1, canvas.width, 0);
		context.drawImage(shown, 0, 0, canvas.width, canvas.height);
		context.restore();
		context.drawImage(this.overlay, 0, 0);
		return new Promise((resolve, reject) => {
			canvas.toBlob((blob) => blob ? resolve(blob) : reject(/* @__PURE__ */ new Error("This picture cannot be saved.")));
		});
	}
	show(shown, isMirrored) {
		for (const element of [this.video, this.picture]) element.hidden = element !== shown;
		byId("empty").hidden = true;
		this.last = void 0;
		this.overlay.getContext("2d")?.clearRect(0, 0, this.overlay.width, this.overlay.height);
		this.setMirrored(isMirrored);
	}
};
// src/page/timeline.ts
var LENGTH_S = 30;
/** Without a frame for so long, nothing is claimed. */
var MAX_GAP_S = .5;
var Timeline = class {
	canvas;
	points = [];
	labels = [];
	constructor(canvas) {
		this.canvas = canvas;
	}
	setLabels(labels) {
		this.labels = labels;
		this.clear();
	}
	clear() {
		this.points = [];
		this.draw();
	}
	add(result) {
		const size = (face) => face.box_xyxy[3] - face.box_xyxy[1];
		const [largest] = [...result.faces].sort((one, other) => size(other) - size(one));
		this.points.push({
			time_s: result.time_s,
			scores: largest && this.labels.map((label) => largest.scores[label])
		});
		while (this.points[0].time_s < result.time_s - LENGTH_S) this.points.shift();
		this.draw();
	}
	draw() {
		const width = Math.max(1, this.canvas.clientWidth);
		if (this.canvas.width !== width) this.canvas.width = width;
		const { height } = this.canvas;
		const context = this.canvas.getContext("2d");
		if (context === null) return;
		context.clearRect(0, 0, width, height);
		const end_s = this.points.at(-1)?.time_s ?? 0;
		const x = (time_s) => width * (1 - (end_s - time_s) / LENGTH_S);
		this.points.forEach(({ time_s, scores }, index) => {
			const next_s = Math.min(this.points[index + 1]?.time_s ?? time_s + 1 / 30, time_s + MAX_GAP_S);
			let below = height;
			scores?.forEach((score, label) => {
				context.fillStyle = colorOf(this.labels[label]);
				context.fillRect(x(time_s), below - score * height, Math.max(1, x(next_s) - x(time_s) + .5), score * height);
				below -= score * height;
			});
		});
	}
};
// src/page/main.ts
var ACCEPTED = "mien.accepted";
var LOCAL = "Reads on this device";
var PRIVATE = "Pictures are read in this page, on this device. None is sent, none is stored.";
var SENT = "Pictures are sent to the server that this page came from, read there in memory, and not stored.";
var Page = class {
	facts;
	stage = new Stage();
	panel = new Panel();
	timeline = new Timeline(byId("timeline"));
	reader;
	live;
	camera;
	journal = new Journal("");
	isLocal = true;
	constructor(facts) {
		this.facts = facts;
	}
	async start() {
		const model = byId("model");
		for (const bundle of this.facts.bundles) for (const file of bundle.files) model.add(new Option(`${bundle.name}, ${file}`, `${bundle.name}/${file}`));
		const [first] = this.facts.bundles;
		model.value = `${first.name}/${first.quick_file}`;
		byId("docs").hidden = !this.facts.has_server;
		byId("key-row").hidden = !this.facts.needs_key;
		byId("accelerator-row").hidden = !await hasWebGpu();
		byId("version").textContent = `mien ${this.facts.mien}`;
		this.listen();
		await this.openReader();
	}
	listen() {
		const on = (id, kind, act) => byId(id).addEventListener(kind, () => this.attempt(act));
		on("camera", "click", () => this.startCamera());
		on("stop", "click", () => this.stop());
		on("file", "change", () => this.openChosen());
		on("model", "change", () => this.openReader());
		on("accelerator", "change", () => this.openReader());
		on("key", "change", () => this.openReader());
		on("device", "change", () => this.camera ? this.startCamera() : void 0);
		on("mirror", "change", () => this.stage.setMirrored(this.camera !== void 0 && mirrors()));
		on("snapshot", "click", async () => save(`mien-${stamp()}.png`, await this.stage.snapshot()));
		on("csv", "click", () => save(`mien-${stamp()}.csv`, this.journal.toCsv(this.reader?.labels ?? []), "text/csv"));
		on("json", "click", () => save(`mien-${stamp()}.json`, this.journal.toJson(), "application/json"));
		const stage = byId("stage");
		stage.addEventListener("dragover", (event) => {
			event.preventDefault();
			stage.classList.add("dropping");
		});
		stage.addEventListener("dragleave", () => stage.classList.remove("dropping"));
		stage.addEventListener("drop", (event) => {
			event.preventDefault();
			stage.classList.remove("dropping");
			const file = event.dataTransfer?.files[0];
			if (file && this.reader) this.attempt(() => this.openFile(file));
		});
	}
	/** Runs what a person asked for; what goes wrong is said in the page. */
	async attempt(act) {
		byId("message").textContent = "";
		try {
			await act();
		} catch (error) {
			this.say(error);
		}
	}
	say(error) {
		byId("message").textContent = error instanceof Error ? error.message : String(error);
	}
	/** Opens the chosen model; what plays goes on with it. */
	async openReader() {
		const [bundle, file] = byId("model").value.split("/");
		this.setEnabled(false);
		this.live?.stop();
		this.reader?.close();
		this.reader = await this.makeReader(bundle, file);
		byId("privacy").textContent = this.isLocal ? PRIVATE : SENT;
		byId("notice-where").textContent = this.isLocal ? PRIVATE : SENT;
		this.panel.setLabels(this.reader.labels);
		this.timeline.setLabels(this.reader.labels);
		this.setEnabled(true);
		if (this.live) this.play();
	}
	async makeReader(bundle, file) {
		let reason = this.facts.not_on_device_because;
		if (this.facts.on_device) try {
			const accelerator = byId("accelerator").value;
			const reader = await LocalReader.open(this.facts, bundle, file, accelerator);
			this.setWhere(true, LOCAL);
			return reader;
		} catch (error) {
			reason = error instanceof Error ? error.message : String(error);
			if (!this.facts.has_server) throw new Error(`This browser cannot read faces by itself: ${reason}`);
		}
		const reader = await ServerReader.open(bundle, file, () => byId("key").value);
		this.setWhere(false, `Reads on the server: ${reason}`);
		return reader;
	}
	setWhere(isLocal, text) {
		this.isLocal = isLocal;
		const where = byId("where");
		where.textContent = text;
		where.classList.toggle("here", isLocal);
		where.classList.toggle("away", !isLocal);
	}
	setEnabled(isEnabled) {
		for (const id of ["camera", "file"]) byId(id).disabled = !isEnabled;
	}
	async startCamera() {
		if (!await agreed()) return;
		this.stop();
		const select = byId("device");
		this.camera = await openCamera(select.value);
		await listCameras(select);
		const { video } = this.stage;
		video.srcObject = this.camera;
		video.loop = false;
		await this.begin("camera");
		this.camera?.getTracks()[0].addEventListener("ended", () => {
			this.stop();
			this.say(/* @__PURE__ */ new Error("The camera was disconnected, or taken away."));
		});
	}
	async openChosen() {
		const input = byId("file");
		const file = input.files?.[0];
		input.value = "";
		if (file) await this.openFile(file);
	}
	async openFile(file) {
		this.stop();
		if (file.type.startsWith("video/")) await this.openVideo(file);
		else await this.openPicture(file);
	}
	async openVideo(file) {
		const { video } = this.stage;
		video.src = URL.createObjectURL(file);
		await this.begin(file.name);
	}
	/** Plays what the video element was given. */
	async begin(name) {
		const { video } = this.stage;
		try {
			await video.play();
		} catch {
			this.stop();
			throw new Error(`${name}: this browser cannot play it. Try MP4 (H.264) or WebM.`);
		}
		this.journal = new Journal(name);
		this.timeline.clear();
		this.stage.showVideo(this.camera !== void 0 && mirrors());
		await this.reader?.reset();
		video.onended = () => this.stop();
		byId("stop").hidden = false;
		this.play();
	}
	play() {
		if (this.reader === void 0) return;
		const show = (result, figures) => this.show(result, figures);
		this.live = new Live(this.stage.video, this.reader, show, (error) => {
			this.stop();
			this.say(error);
		});
		this.live.start();
	}
	/** Ends what plays; its last frame and its readings stay. */
	stop() {
		this.live?.stop();
		this.live = void 0;
		const { video } = this.stage;
		video.pause();
		if (this.camera) closeCamera(this.camera);
		this.camera = void 0;
		video.srcObject = null;
		if (video.src) URL.revokeObjectURL(video.src);
		video.removeAttribute("src");
		byId("stop").hidden = true;
	}
	async openPicture(file) {
		let bitmap;
		try {
			bitmap = await createImageBitmap(file, {
				imageOrientation: "from-image",
				colorSpaceConversion: "none",
				premultiplyAlpha: "none"
			});
		} catch {
			throw new Error(`${file.name}: not a picture that this browser can read. Try JPEG, PNG or WebP.`);
		}
		this.journal = new Journal(file.name);
		this.timeline.clear();
		this.stage.showPicture(bitmap);
		const result = await this.reader?.readPicture(bitmap);
		if (result) this.show(result);
	}
	show(result, figures) {
		this.stage.draw(result);
		this.panel.show(result.faces);
		this.journal.add(result);
		byId("timeline").hidden = figures === void 0;
		if (figures) this.timeline.add(result);
		byId("figures").textContent = figures ? `${figures.framesPerSecond.toFixed(1)} frames/s · ${figures.latency_ms.toFixed(0)} ms per frame (${times(result, this.isLocal)})` : `${result.width} × ${result.height} pixels · ${times(result, this.isLocal)}`;
		byId("rows").textContent = this.journal.isFull ? `${this.journal.size} (full)` : String(this.journal.size);
		for (const id of [
			"snapshot",
			"csv",
			"json"
		]) byId(id).disabled = false;
	}
};
function times(result, isLocal) {
	if (!isLocal) return `${result.detect_ms.toFixed(0)} ms there and back`;
	return `find ${result.detect_ms.toFixed(1)} ms, read ${result.classify_ms.toFixed(1)} ms`;
}
async function hasWebGpu() {
	const { gpu } = navigator;
	return await gpu?.requestAdapter().catch(() => null) != null;
}
function mirrors() {
	return byId("mirror").checked;
}
/** Asks before the camera starts for the first time; only that it was agreed is remembered. */
async function agreed() {
	if (localStorage.getItem(ACCEPTED) === "yes") return true;
	const notice = byId("notice");
	notice.returnValue = "no";
	notice.showModal();
	await new Promise((resolve) => notice.addEventListener("close", resolve, { once: true }));
	if (notice.returnValue !== "yes") return false;
	localStorage.setItem(ACCEPTED, "yes");
	return true;
}
async function main() {
	if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {});
	try {
		await new Page(await fetchJson("mien.json")).start();
	} catch (error) {
		byId("where").textContent = "Cannot start";
		byId("message").textContent = error instanceof Error ? error.message : String(error);
	}
}
main();
