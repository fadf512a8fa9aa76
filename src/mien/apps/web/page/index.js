import { a as chooseReader, c as fetchJson, i as byId, n as save, o as messageOf, r as stamp, t as Journal } from "./shared.js";
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
// src/page/consent.ts
var PRIVATE = "Pictures are read in this page, on this device. None is sent, none is stored.";
var SENT = "Pictures are sent to the server that this page came from, read there in memory, and not stored.";
async function agreed(isLocal) {
	const item = `mien.accepted.${isLocal ? "device" : "server"}`;
	if (remembered(item)) return true;
	const notice = byId("notice");
	if (notice.open) return false;
	byId("notice-where").textContent = isLocal ? PRIVATE : SENT;
	notice.returnValue = "no";
	notice.showModal();
	await new Promise((resolve) => notice.addEventListener("close", resolve, { once: true }));
	if (notice.returnValue !== "yes") return false;
	remember(item);
	return true;
}
/** Where a browser keeps nothing for this page, it is asked every time. */
function remembered(item) {
	try {
		return localStorage.getItem(item) === "yes";
	} catch {
		return false;
	}
}
function remember(item) {
	try {
		localStorage.setItem(item, "yes");
	} catch {}
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
	numDroppedInAll = 0;
	numSeen = 0;
	lastTime_s = -1;
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
		if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback((_, { mediaTime, presentedFrames }) => this.onFrame(mediaTime, presentedFrames));
		else requestAnimationFrame(() => this.onFrame(this.video.currentTime, this.numSeen + 1));
	}
	/** `number` counts the frames that were shown, from any start; not all of them come here. */
	onFrame(time_s, number) {
		this.next();
		const isNew = time_s !== this.lastTime_s;
		if (this.isOver || !isNew || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
		this.lastTime_s = time_s;
		if (this.numSeen) this.numDropped += Math.max(0, number - this.numSeen - 1);
		this.numSeen = number;
		if (this.isBusy) {
			this.numDropped++;
			return;
		}
		this.isBusy = true;
		this.read(time_s).catch((error) => {
			if (!this.isOver) this.onError(error);
		}).finally(() => this.isBusy = false);
	}
	async read(time_s) {
		const started = performance.now();
		const bitmap = await createImageBitmap(this.video);
		if (this.isOver) return bitmap.close();
		const result = await this.reader.readFrame(bitmap, time_s);
		if (this.isOver) return;
		const num_dropped = this.numDropped + result.num_dropped;
		this.numDropped = 0;
		this.numDroppedInAll += num_dropped;
		this.onResult({
			...result,
			num_dropped
		}, this.figures(performance.now() - started));
	}
	figures(latency_ms) {
		const now_s = performance.now() / 1e3;
		this.recent.push({
			at_s: now_s,
			latency_ms
		});
		this.recent = this.recent.filter(({ at_s }) => now_s - at_s <= FIGURES_OVER_S);
		const span_s = now_s - this.recent[0].at_s;
		const latencies = this.recent.map((one) => one.latency_ms).sort((one, other) => one - other);
		return {
			framesPerSecond: span_s > 0 ? (this.recent.length - 1) / span_s : 0,
			latency_ms: latencies[Math.floor(latencies.length / 2)],
			numDropped: this.numDroppedInAll
		};
	}
};
// src/page/colors.ts
var COLORS = {
	angry: "#c23b4e",
	disgust: "#5f7f2a",
	fear: "#7a55b0",
	happy: "#b37400",
	sad: "#3b6ea3",
	surprise: "#c2591c",
	neutral: "#6f7a74",
	contempt: "#8a5a40"
};
var UNSURE = "#6b746f";
function colorOf(label) {
	return COLORS[label] ?? `hsl(${hueOf(label)} 45% 38%)`;
}
/** The same for a name wherever it is shown. */
function hueOf(label) {
	return [...label].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0)) % 360, 7);
}
// src/page/overlay.ts
/** Draws readings onto a canvas of the picture's size that lies over it; text is never mirrored, nor cut off. */
function drawReadings(context, faces, isMirrored) {
	const { width } = context.canvas;
	const line = Math.max(2, width / 240);
	const size = Math.max(13, width / 32);
	context.font = `600 ${size}px system-ui, sans-serif`;
	context.lineWidth = line;
	context.textBaseline = "bottom";
	for (const face of faces) {
		const [x1, y1, x2, y2] = face.box_xyxy;
		const left = isMirrored ? width - x2 : x1;
		const color = face.uncertain ? UNSURE : colorOf(face.expression);
		const text = captionOf(face);
		context.strokeStyle = color;
		context.strokeRect(left, y1, x2 - x1, y2 - y1);
		const wide = context.measureText(text).width + size * .6;
		const high = size * 1.35;
		const start = Math.max(0, Math.min(left - line / 2, width - wide));
		const top = y1 >= high ? y1 - high : Math.max(0, y1);
		context.fillStyle = color;
		context.fillRect(start, top, wide, high);
		context.fillStyle = "#ffffff";
		context.fillText(text, start + line / 2 + size * .3, top + size * 1.25);
	}
}
function captionOf(face) {
	return `${face.expression} ${Math.round(face.probability * 100)} %${face.uncertain ? " ?" : ""}`;
}
// src/page/panel.ts
var SPEAK_EVERY_MS = 2e3;
var Panel = class {
	/** Identity of the face that was chosen; in pictures, its position. */
	chosen;
	shown = [];
	spokenAt = 0;
	rows = /* @__PURE__ */ new Map();
	/** Makes a bar for every label. */
	setLabels(labels) {
		this.rows.clear();
		byId("bars").replaceChildren(...labels.flatMap((label) => this.makeRow(label)));
		this.fillBars(void 0);
	}
	/** Shows no face, and forgets which one was chosen: what comes next is of another source or model. */
	clear() {
		this.chosen = void 0;
		this.shown = [];
		this.fillBars(void 0);
		byId("expression").textContent = "–";
		byId("expression").classList.remove("unsure");
		byId("sure").textContent = "";
		byId("faces").replaceChildren();
	}
	/** Shows the faces of a frame or picture, and returns the one that is described. */
	show(faces, isPicture) {
		this.shown = faces;
		const face = faces.find((one, index) => identityOf(one, index) === this.chosen) ?? faces[0];
		this.fillBars(face);
		const title = byId("expression");
		title.textContent = face ? face.expression : "–";
		title.classList.toggle("unsure", face?.uncertain ?? false);
		byId("sure").textContent = sentenceOf(face);
		this.listFaces(face);
		this.speak(face, isPicture);
		return face;
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
	listFaces(described) {
		const box = byId("faces");
		const wanted = this.shown.length > 1 ? this.shown.length : 0;
		while (box.childElementCount > wanted) box.lastElementChild?.remove();
		while (box.childElementCount < wanted) box.append(this.makeChoice(box.childElementCount));
		Array.from(box.children).forEach((button, index) => {
			const face = this.shown[index];
			button.textContent = `Face ${identityOf(face, index) + 1}`;
			button.setAttribute("aria-pressed", String(face === described));
			button.setAttribute("aria-label", `${button.textContent}: ${captionOf(face)}`);
		});
	}
	makeChoice(index) {
		const button = document.createElement("button");
		button.onclick = () => {
			this.chosen = identityOf(this.shown[index], index);
			this.show(this.shown, true);
		};
		return button;
	}
	/** Tells screen readers: every picture, and changes of live video, not more often than one can listen to. */
	speak(face, isPicture) {
		const text = face ? `${face.expression}${face.uncertain ? ", not sure" : ""}` : "no face";
		const spoken = byId("spoken");
		if (!isPicture && (spoken.textContent === text || performance.now() - this.spokenAt < SPEAK_EVERY_MS)) return;
		spoken.textContent = "";
		spoken.textContent = text;
		this.spokenAt = performance.now();
	}
};
function identityOf(face, index) {
	return face.track_id < 0 ? index : face.track_id;
}
function sentenceOf(face) {
	if (face === void 0) return "No face is seen.";
	const percent = `${Math.round(face.probability * 100)} %`;
	return face.uncertain ? `${percent}: the model is not sure.` : `${percent} sure.`;
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
		this.show(this.video);
		this.setMirrored(isMirrored);
	}
	showPicture(bitmap) {
		this.fillPicture(bitmap, bitmap.width, bitmap.height);
		this.show(this.picture);
		this.setMirrored(false);
	}
	/** Keeps the frame that is shown, before the video lets go of it. */
	keepFrame() {
		if (this.video.hidden || this.video.videoWidth === 0) return;
		this.fillPicture(this.video, this.video.videoWidth, this.video.videoHeight);
		this.video.hidden = true;
		this.picture.hidden = false;
	}
	/** Shows nothing. */
	hide() {
		for (const element of [this.video, this.picture]) element.hidden = true;
		byId("empty").hidden = false;
	}
	clearReadings() {
		this.last = void 0;
		this.overlay.getContext("2d")?.clearRect(0, 0, this.overlay.width, this.overlay.height);
	}
	setMirrored(isMirrored) {
		this.isMirrored = isMirrored;
		for (const element of [this.video, this.picture]) element.classList.toggle("mirrored", isMirrored);
		if (this.last) this.draw(this.last);
	}
	draw(result) {
		this.last = result;
		const { width, height } = result;
		if (this.overlay.width !== width) this.overlay.width = width;
		if (this.overlay.height !== height) this.overlay.height = height;
		const context = this.overlay.getContext("2d");
		context?.clearRect(0, 0, width, height);
		if (context) drawReadings(context, result.faces, this.isMirrored);
	}
	/** Returns what is seen, readings included, as a PNG. */
	async snapshot() {
		const canvas = document.createElement("canvas");
		canvas.width = this.overlay.width;
		canvas.height = this.overlay.height;
		const context = canvas.getContext("2d");
		if (context === null) throw new Error("This browser gives no canvas.");
		context.save();
		if (this.isMirrored) context.transform(-1, 0, 0, 1, canvas.width, 0);
		context.drawImage(this.video.hidden ? this.picture : this.video, 0, 0, canvas.width, canvas.height);
		context.restore();
		context.drawImage(this.overlay, 0, 0);
		return new Promise((resolve, reject) => {
			canvas.toBlob((blob) => blob ? resolve(blob) : reject(/* @__PURE__ */ new Error("This picture cannot be saved.")));
		});
	}
	fillPicture(source, width, height) {
		this.picture.width = width;
		this.picture.height = height;
		this.picture.getContext("2d")?.drawImage(source, 0, 0);
	}
	show(shown) {
		for (const element of [this.video, this.picture]) element.hidden = element !== shown;
		byId("empty").hidden = true;
		this.clearReadings();
	}
};
// src/page/timeline.ts
var LENGTH_S = 30;
/** Without a frame for so long, nothing is claimed. */
var MAX_GAP_S = .5;
var DRAW_EVERY_MS = 100;
var Timeline = class {
	canvas;
	points = [];
	labels = [];
	drawnAt = 0;
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
	add(time_s, face) {
		this.points.push({
			time_s,
			scores: face && this.labels.map((label) => face.scores[label])
		});
		while (this.points[0].time_s < time_s - LENGTH_S) this.points.shift();
		if (performance.now() - this.drawnAt >= DRAW_EVERY_MS) this.draw();
	}
	draw() {
		this.drawnAt = performance.now();
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
var Page = class {
	facts;
	stage = new Stage();
	panel = new Panel();
	timeline = new Timeline(byId("timeline"));
	reader;
	isLocal = true;
	live;
	camera;
	source = "";
	/** The picture that is shown, if one is: another model reads it again. */
	picture;
	journal = new Journal("", "", []);
	/** Rises whenever another source is asked for, or the end of one: whoever began before and still waits must give up. */
	turn = 0;
	/** The same for models. */
	choice = 0;
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
		await this.attempt(() => this.openReader());
	}
	listen() {
		const on = (id, kind, act) => byId(id).addEventListener(kind, () => this.attempt(act));
		on("camera", "click", () => this.startCamera());
		on("stop", "click", () => void this.stop());
		on("file", "change", () => this.openChosen());
		for (const id of [
			"model",
			"accelerator",
			"key"
		]) on(id, "change", () => this.openReader());
		on("device", "change", () => this.camera ? this.startCamera() : void 0);
		on("mirror", "change", () => this.stage.setMirrored(this.source === "camera" && mirrors()));
		on("snapshot", "click", async () => save(`mien-${stamp()}.png`, await this.stage.snapshot()));
		on("csv", "click", () => save(`mien-${stamp()}.csv`, this.journal.toCsv()));
		on("json", "click", () => save(`mien-${stamp()}.json`, this.journal.toJson()));
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
		this.say("");
		try {
			await act();
		} catch (error) {
			this.say(messageOf(error));
		}
	}
	say(message) {
		byId("message").textContent = message;
	}
	/** Opens the chosen model; what plays goes on with it, unless its frames would now go elsewhere. */
	async openReader() {
		const choice = ++this.choice;
		const wasLocal = this.isLocal;
		this.setEnabled(false);
		this.live?.stop();
		this.reader?.close();
		this.reader = void 0;
		const [bundle, file] = byId("model").value.split("/");
		const accelerator = byId("accelerator").value;
		const key = () => byId("key").value;
		try {
			const chosen = await chooseReader(this.facts, {
				bundle,
				file,
				accelerator,
				key
			});
			if (choice !== this.choice) return chosen.reader.close();
			this.reader = chosen.reader;
			this.setWhere(chosen.isLocal, chosen.where);
			this.say(chosen.note);
		} catch (error) {
			if (choice !== this.choice) return;
			this.stop();
			byId("where").textContent = "Cannot read yet";
			throw error;
		}
		this.panel.setLabels(this.reader.labels);
		this.timeline.setLabels(this.reader.labels);
		this.setEnabled(true);
		if (wasLocal && !this.isLocal && (this.live || this.picture)) {
			this.stop();
			this.picture = void 0;
			this.openJournal();
			throw new Error("Reading was stopped: what is seen would now be sent to the server. Start it again if you agree.");
		}
		if (this.live) this.play();
		else if (this.picture) await this.readPicture(this.picture, this.turn);
		else this.openJournal();
	}
	setWhere(isLocal, text) {
		this.isLocal = isLocal;
		const where = byId("where");
		where.textContent = text;
		where.classList.toggle("here", isLocal);
		where.classList.toggle("away", !isLocal);
		byId("privacy").textContent = isLocal ? PRIVATE : SENT;
	}
	setEnabled(isEnabled) {
		for (const id of ["camera", "file"]) byId(id).disabled = !isEnabled;
	}
	async startCamera() {
		if (!await agreed(this.isLocal)) return;
		const turn = this.stop();
		this.picture = void 0;
		const select = byId("device");
		const camera = await openCamera(select.value);
		if (turn !== this.turn) return closeCamera(camera);
		this.camera = camera;
		this.stage.video.srcObject = camera;
		camera.getTracks()[0].addEventListener("ended", () => {
			if (this.camera !== camera) return;
			this.stop();
			this.say("The camera was disconnected, or taken away.");
		});
		await this.begin("camera", turn);
		await listCameras(select);
	}
	async openChosen() {
		const input = byId("file");
		const file = input.files?.[0];
		input.value = "";
		if (file) await this.openFile(file);
	}
	async openFile(file) {
		if (!this.isLocal && !await agreed(false)) return;
		const turn = this.stop();
		this.picture = isVideo(file) ? void 0 : file;
		if (this.picture) return this.readPicture(this.picture, turn);
		this.stage.video.src = URL.createObjectURL(file);
		await this.begin(file.name, turn);
	}
	/** Plays what the video element was given. */
	async begin(name, turn) {
		const { video } = this.stage;
		try {
			await video.play();
		} catch {
			if (turn !== this.turn) return;
			this.stop();
			throw new Error(`${name}: this browser cannot play it. Try MP4 (H.264) or WebM.`);
		}
		if (turn !== this.turn) return;
		if (video.videoWidth === 0) {
			this.stop();
			throw new Error(`${name}: holds no pictures, or none that this browser can play.`);
		}
		this.source = name;
		this.stage.showVideo(this.camera !== void 0 && mirrors());
		video.onended = () => this.stop();
		byId("stop").hidden = false;
		this.play();
	}
	/** Reads what plays, as a new source. */
	play() {
		this.live?.stop();
		if (this.reader === void 0) return;
		this.openJournal();
		const { reader } = this;
		const live = new Live(this.stage.video, reader, (result, figures) => this.show(result, figures), (error) => {
			this.stop();
			this.say(messageOf(error));
		});
		this.live = live;
		reader.reset().then(() => live.start(), () => {});
	}
	/** Begins anew with a source or a model; nothing that was read before stays beside it. */
	openJournal() {
		this.journal = new Journal(this.source, byId("model").value, this.reader?.labels ?? []);
		this.timeline.clear();
		this.stage.clearReadings();
		this.panel.clear();
		byId("timeline").hidden = true;
		byId("figures").textContent = "";
		byId("rows").textContent = "0";
		for (const id of [
			"snapshot",
			"csv",
			"json"
		]) byId(id).disabled = true;
	}
	/** Ends what plays, or is about to; its last frame and its readings stay. Returns the new turn. */
	stop() {
		this.live?.stop();
		this.live = void 0;
		const { video } = this.stage;
		video.pause();
		this.stage.keepFrame();
		if (this.camera) closeCamera(this.camera);
		this.camera = void 0;
		video.srcObject = null;
		if (video.src) URL.revokeObjectURL(video.src);
		video.removeAttribute("src");
		const stop = byId("stop");
		if (document.activeElement === stop) byId("camera").focus();
		stop.hidden = true;
		this.reader?.reset().catch(() => {});
		return ++this.turn;
	}
	async readPicture(file, turn) {
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
		const { reader } = this;
		if (turn !== this.turn || reader === void 0) return bitmap.close();
		this.source = file.name;
		this.openJournal();
		this.checkSize(bitmap, file.name);
		this.stage.showPicture(bitmap);
		try {
			const result = await reader.readPicture(bitmap, file);
			if (turn === this.turn && reader === this.reader) this.show(result);
		} catch (error) {
			if (reader === this.reader) throw error;
		}
	}
	/** Refuses what Python refuses; larger pictures fit no canvas. */
	checkSize(bitmap, name) {
		const { width, height } = bitmap;
		const { min_side_px, max_pixels } = this.facts.pictures;
		const size = `${name}: is ${width}x${height} pixels`;
		let problem = "";
		if (Math.min(width, height) < min_side_px) problem = `${size}. A picture needs at least ${min_side_px}x${min_side_px}.`;
		if (width * height > max_pixels) problem = `${size}, more than ${max_pixels / 1e6} megapixels. Reduce it first.`;
		if (!problem) return;
		bitmap.close();
		this.stage.hide();
		this.picture = void 0;
		throw new Error(problem);
	}
	show(result, figures) {
		this.stage.draw(result);
		const face = this.panel.show(result.faces, figures === void 0);
		this.journal.add(result);
		byId("timeline").hidden = figures === void 0;
		if (figures) this.timeline.add(result.time_s, face);
		byId("figures").textContent = figures ? this.describe(figures, result) : `${result.width} × ${result.height} pixels · ${this.times(result)}`;
		byId("rows").textContent = this.journal.isFull ? `${this.journal.size} (full)` : String(this.journal.size);
		for (const id of [
			"snapshot",
			"csv",
			"json"
		]) byId(id).disabled = false;
	}
	describe({ framesPerSecond, latency_ms, numDropped }, result) {
		return `${`${framesPerSecond.toFixed(1)} frames/s · ${latency_ms.toFixed(0)} ms per frame (${this.times(result)})`} · ${numDropped} frames skipped`;
	}
	times({ detect_ms, classify_ms }) {
		if (!this.isLocal) return `${detect_ms.toFixed(0)} ms there and back`;
		return `find ${detect_ms.toFixed(1)} ms, read ${classify_ms.toFixed(1)} ms`;
	}
};
async function hasWebGpu() {
	const { gpu } = navigator;
	return await gpu?.requestAdapter().catch(() => null) != null;
}
/** By its name where the browser does not tell, as some do not for Matroska. */
function isVideo({ type, name }) {
	return type ? type.startsWith("video/") : /\.(mp4|m4v|mov|mkv|webm|avi|ogv|mts|m2ts)$/i.test(name);
}
function mirrors() {
	return byId("mirror").checked;
}
async function main() {
	try {
		await new Page(await fetchJson("mien.json")).start();
	} catch (error) {
		byId("where").textContent = "Cannot start";
		byId("message").textContent = messageOf(error);
	}
	if ("serviceWorker" in navigator) await navigator.serviceWorker.register("sw.js").catch(() => {});
}
main();
