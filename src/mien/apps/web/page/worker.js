(function() {
	// src/engine/litert.ts
	/** Loads the runtime from a folder; `base` ends in a slash. */
	async function loadRuntime(base) {
		Object.assign(self, { Module: { locateFile: (file) => base + file } });
		const runtime = await import(
			/* @vite-ignore */
			`${base}core.js`
);
		await runtime.loadLiteRt(base);
		return runtime;
	}
	/** Memory that the runtime has taken for itself and all its models, in MB; null where it does not tell. */
	function memoryMb(runtime) {
		const { HEAPU8 } = runtime.getGlobalLiteRt().liteRtWasm;
		return HEAPU8 ? HEAPU8.byteLength / 1e6 : null;
	}
	/** A model file: one float32 input, some float32 outputs. */
	var Network = class Network {
		runtime;
		model;
		inputShape;
		constructor(runtime, model, inputShape) {
			this.runtime = runtime;
			this.model = model;
			this.inputShape = inputShape;
		}
		static async open(runtime, content, accelerator) {
			const model = await runtime.loadAndCompile(content, { accelerator });
			return new Network(runtime, model, Array.from(model.getInputDetails()[0].shape));
		}
		/** Runs once and returns copies of all outputs. Every tensor is deleted: the runtime's memory is not collected. */
		async run(values) {
			const input = new this.runtime.Tensor(values, this.inputShape);
			let outputs = [];
			try {
				outputs = await this.model.run([input]);
				return await Promise.all(outputs.map(async (output) => Float32Array.from(await output.data())));
			} finally {
				for (const tensor of [input, ...outputs]) tensor.delete();
			}
		}
		/** Whether all of it runs on the accelerator; int8 files never say so, and run all the same. */
		get isFullyAccelerated() {
			return this.model.isFullyAccelerated;
		}
		close() {
			this.model.delete();
		}
	};
	// src/engine/pixels.ts
	/** Takes a part of a picture, as RGB or as luma (ITU-R BT.601, in OpenCV's fixed point). */
	function takePart(picture, part, color) {
		const width = part.right - part.left;
		const height = part.bottom - part.top;
		const channels = color === "gray" ? 1 : 3;
		const data = new Uint8Array(width * height * channels);
		let to = 0;
		for (let y = part.top; y < part.bottom; y++) {
			let from = (y * picture.width + part.left) * 4;
			for (let x = 0; x < width; x++, from += 4) {
				const [red, green, blue] = [
					picture.data[from],
					picture.data[from + 1],
					picture.data[from + 2]
				];
				if (color !== "rgb") {
					const luma = 9798 * red + 19235 * green + 3735 * blue + 16384 >> 15;
					for (let channel = 0; channel < channels; channel++) data[to++] = luma;
				} else {
					data[to++] = red;
					data[to++] = green;
					data[to++] = blue;
				}
			}
		}
		return {
			width,
			height,
			channels,
			data
		};
	}
	/** Averages factor x factor blocks from the left top on; the last, partial blocks repeat the edge. */
	function reduceBlocks(levels, factor) {
		if (factor < 2) return levels;
		const { channels } = levels;
		const width = Math.ceil(levels.width / factor);
		const height = Math.ceil(levels.height / factor);
		const data = new Uint8Array(width * height * channels);
		const share = Math.fround(1 / (factor * factor));
		for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let channel = 0; channel < channels; channel++) {
			let sum = 0;
			for (let j = 0; j < factor; j++) {
				const row = Math.min(y * factor + j, levels.height - 1) * levels.width;
				for (let i = 0; i < factor; i++) sum += levels.data[(row + Math.min(x * factor + i, levels.width - 1)) * channels + channel];
			}
			data[(y * width + x) * channels + channel] = factor === 2 ? sum + 2 >> 2 : roundHalfEven(Math.fround(sum * share));
		}
		return {
			width,
			height,
			channels,
			data
		};
	}
	/** As C rounds: halves to the even neighbour. */
	function roundHalfEven(value) {
		const low = Math.floor(value);
		if (value - low !== .5) return Math.round(value);
		return low % 2 === 0 ? low : low + 1;
	}
	/**
	* One bilinear sample per point, in pixels, where (0.5, 0.5) is the centre of the first pixel. Outside, the nearest edge pixel counts.
	* `xs` and `ys` hold size * size coordinates.
	*/
	function sampleBilinear(levels, xs, ys, size) {
		const { width, height, channels } = levels;
		const data = new Uint8Array(size * size * channels);
		for (let index = 0; index < size * size; index++) {
			const x = Math.min(Math.max(xs[index] - .5, 0), width - 1);
			const y = Math.min(Math.max(ys[index] - .5, 0), height - 1);
			const [x0, y0] = [Math.floor(x), Math.floor(y)];
			const [right, down] = [x - x0, y - y0];
			const beside = x0 < width - 1 ? channels : 0;
			const below = y0 < height - 1 ? width * channels : 0;
			for (let channel = 0; channel < channels; channel++) {
				const corner = (y0 * width + x0) * channels + channel;
				const upper = levels.data[corner] * (1 - right) + levels.data[corner + beside] * right;
				const lower = levels.data[corner + below] * (1 - right) + levels.data[corner + below + beside] * right;
				data[index * channels + channel] = Math.floor(upper * (1 - down) + lower * down + .5);
			}
		}
		return {
			width: size,
			height: size,
			channels,
			data
		};
	}
	/** Which source pixels an output pixel covers, and how much of each: the weights of OpenCV's INTER_AREA. */
	function areaWeights(from, to) {
		const scale = from / to;
		return Array.from({ length: to }, (_, index) => {
			const low = index * scale;
			const high = Math.min(low + scale, from);
			const start = Math.floor(low + 1e-9);
			const end = Math.min(Math.ceil(high - 1e-9), from);
			const weights = [];
			for (let pixel = start; pixel < end; pixel++) weights.push((Math.min(pixel + 1, high) - Math.max(pixel, low)) / (high - low));
			return {
				start,
				weights
			};
		});
	}
	/** Which two pixels an output pixel lies between: the weights of OpenCV's INTER_LINEAR. */
	function linearWeights(from, to) {
		return Array.from({ length: to }, (_, index) => {
			const place = Math.min(Math.max((index + .5) * from / to - .5, 0), from - 1);
			const start = Math.min(Math.floor(place), Math.max(from - 2, 0));
			return {
				start,
				weights: from === 1 ? [1] : [1 - (place - start), place - start]
			};
		});
	}
	/** Resizes as Python's detector does: by area where that shrinks, else bilinear. RGB, not rounded. */
	function resizeRgb(picture, part, width, height, shrinks) {
		const weigh = shrinks ? areaWeights : linearWeights;
		const columns = weigh(part.right - part.left, width);
		const rows = weigh(part.bottom - part.top, height);
		const resized = new Float32Array(width * height * 3);
		const line = new Float64Array(width * 3);
		const lines = /* @__PURE__ */ new Map();
		for (let y = 0; y < height; y++) {
			line.fill(0);
			const { start, weights } = rows[y];
			for (let j = 0; j < weights.length; j++) {
				const source = lines.get(start + j) ?? shrinkLine(picture, part, start + j, columns);
				lines.set(start + j, source);
				for (let index = 0; index < line.length; index++) line[index] += source[index] * weights[j];
			}
			for (const row of lines.keys()) if (row < start + weights.length - 1) lines.delete(row);
			for (let index = 0; index < line.length; index++) resized[y * width * 3 + index] = line[index];
		}
		return resized;
	}
	function shrinkLine(picture, part, row, columns) {
		const line = new Float64Array(columns.length * 3);
		const first = ((part.top + row) * picture.width + part.left) * 4;
		for (let x = 0; x < columns.length; x++) {
			const { start, weights } = columns[x];
			let [red, green, blue] = [
				0,
				0,
				0
			];
			let from = first + start * 4;
			for (let i = 0; i < weights.length; i++, from += 4) {
				red += picture.data[from] * weights[i];
				green += picture.data[from + 1] * weights[i];
				blue += picture.data[from + 2] * weights[i];
			}
			line[x * 3] = red;
			line[x * 3 + 1] = green;
			line[x * 3 + 2] = blue;
		}
		return line;
	}
	// src/engine/face.ts
	/** Returns the square to cut, turned so that the eyes are level; step 1 of docs/mobile.md. */
	function faceSquare(face, spec, framing) {
		const [right, left, , mouth] = face.landmarks_xy;
		const [x1, y1, x2, y2] = face.box_xyxy;
		const boxSide = Math.max(x2 - x1, y2 - y1);
		const across = [left[0] - right[0], left[1] - right[1]];
		const eyeDistance = Math.hypot(...across);
		if (eyeDistance < Math.max(framing.min_eye_distance_px, framing.min_eye_distance_of_box * boxSide)) return {
			center_xy: [(x1 + x2) / 2, (y1 + y2) / 2],
			side: Math.max(boxSide, 1),
			angle_rad: 0
		};
		const middle = [(right[0] + left[0]) / 2, (right[1] + left[1]) / 2];
		const down = [-across[1] / eyeDistance, across[0] / eyeDistance];
		const toMouth = (mouth[0] - middle[0]) * down[0] + (mouth[1] - middle[1]) * down[1];
		const unit = Math.max(eyeDistance, spec.eye_to_mouth_share * toMouth);
		return {
			center_xy: [middle[0] + down[0] * spec.center_below_eyes * unit, middle[1] + down[1] * spec.center_below_eyes * unit],
			side: spec.eye_distances * unit,
			angle_rad: Math.atan2(across[1], across[0])
		};
	}
	function area([x1, y1, x2, y2]) {
		return Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0);
	}
	function shared(one, other) {
		return area([
			Math.max(one[0], other[0]),
			Math.max(one[1], other[1]),
			Math.min(one[2], other[2]),
			Math.min(one[3], other[3])
		]);
	}
	/** Intersection over union. */
	function overlap(one, other) {
		const common = shared(one, other);
		return common / Math.max(area(one) + area(other) - common, 1e-9);
	}
	/** Intersection over the smaller area. */
	function coverage(one, other) {
		return shared(one, other) / Math.max(Math.min(area(one), area(other)), 1e-9);
	}
	// src/engine/blazeface.ts
	/** Right eye, left eye, nose, mouth; the last two of the network's six points are the ears. */
	const NUM_POINTS = 4;
	const LOGIT_LIMIT = 100;
	var BlazeFace = class {
		network;
		facts;
		anchors;
		constructor(network, facts) {
			this.network = network;
			this.facts = facts;
			this.anchors = anchorCenters(facts);
		}
		/** Returns the faces of a picture, the surest first. */
		async detect(picture) {
			const box = letterbox(picture, this.facts.input_side);
			const outputs = await this.network.run(box.input);
			const size = this.anchors.length;
			const logits = outputs.find((output) => output.length === size);
			const regressors = outputs.find((output) => output.length === size * 16);
			if (logits === void 0 || regressors === void 0) throw new Error("The face detector does not answer like BlazeFace.");
			return merge(decode(regressors, logits, this.anchors, this.facts).map((face) => toPicture(face, box)), this.facts);
		}
	};
	/** Centres of the anchors in input pixels, in the order of the network's answers. */
	function anchorCenters(facts) {
		const centers = [];
		for (const [stride, perCell] of facts.strides_and_anchors) {
			const cells = Math.floor(facts.input_side / stride);
			for (let y = 0; y < cells; y++) for (let x = 0; x < cells; x++) for (let anchor = 0; anchor < perCell; anchor++) centers.push([(x + .5) * stride, (y + .5) * stride]);
		}
		return centers;
	}
	/** Puts a picture into the middle of a black square and brings it to the network's size and range. */
	function letterbox(picture, inputSide) {
		const side = Math.max(picture.width, picture.height);
		const scale = inputSide / side;
		const marginX = Math.max(-Math.floor((picture.width - side) / 2), 0);
		const marginY = Math.max(-Math.floor((picture.height - side) / 2), 0);
		const [left, top] = [roundHalfEven(marginX * scale), roundHalfEven(marginY * scale)];
		const width = Math.min(Math.max(1, roundHalfEven(picture.width * scale)), inputSide - left);
		const height = Math.min(Math.max(1, roundHalfEven(picture.height * scale)), inputSide - top);
		const resized = resizeRgb(picture, {
			left: 0,
			top: 0,
			right: picture.width,
			bottom: picture.height
		}, width, height, scale < 1);
		const input = new Float32Array(inputSide * inputSide * 3).fill(-1);
		for (let y = 0; y < height; y++) {
			const to = ((top + y) * inputSide + left) * 3;
			for (let index = 0; index < width * 3; index++) input[to + index] = Math.fround(Math.fround(roundHalfEven(resized[y * width * 3 + index]) * Math.fround(2 / 255)) - 1);
		}
		return {
			input,
			left,
			top,
			perX: picture.width / width,
			perY: picture.height / height
		};
	}
	/** Answers above the threshold, in input pixels. */
	function decode(regressors, logits, anchors, facts) {
		const faces = [];
		anchors.forEach(([anchorX, anchorY], index) => {
			const confidence = 1 / (1 + Math.exp(-Math.min(Math.max(logits[index], -100), LOGIT_LIMIT)));
			const at = index * 16;
			const [width, height] = [regressors[at + 2], regressors[at + 3]];
			if (confidence < facts.score_threshold || height < facts.min_face_px) return;
			const [x, y] = [regressors[at] + anchorX, regressors[at + 1] + anchorY];
			const landmarks_xy = Array.from({ length: NUM_POINTS }, (_, point) => {
				return [regressors[at + 4 + point * 2] + anchorX, regressors[at + 5 + point * 2] + anchorY];
			});
			faces.push({
				box_xyxy: [
					x - width / 2,
					y - height / 2,
					x + width / 2,
					y + height / 2
				],
				landmarks_xy,
				confidence
			});
		});
		return faces;
	}
	/** Turns overlapping answers into one face each, the average weighted by confidence, the surest first. */
	function merge(answers, facts) {
		let rest = [...answers].sort((one, other) => other.confidence - one.confidence);
		const faces = [];
		while (rest.length > 0) {
			const best = rest[0];
			const overlaps = (face) => overlap(best.box_xyxy, face.box_xyxy) > facts.overlap_threshold;
			faces.push(average(rest.filter(overlaps), best.confidence));
			rest = rest.filter((face) => !overlaps(face) && coverage(best.box_xyxy, face.box_xyxy) <= facts.coverage_threshold);
		}
		return faces;
	}
	function average(group, confidence) {
		const total = group.reduce((sum, face) => sum + face.confidence, 0);
		const mean = (value) => group.reduce((sum, face) => sum + value(face) * face.confidence, 0) / total;
		return {
			box_xyxy: [
				0,
				1,
				2,
				3
			].map((side) => mean((face) => face.box_xyxy[side])),
			landmarks_xy: group[0].landmarks_xy.map((_, point) => {
				return [mean((face) => face.landmarks_xy[point][0]), mean((face) => face.landmarks_xy[point][1])];
			}),
			confidence
		};
	}
	function toPicture(face, { left, top, perX, perY }) {
		const [x1, y1, x2, y2] = face.box_xyxy;
		return {
			box_xyxy: [
				(x1 - left) * perX,
				(y1 - top) * perY,
				(x2 - left) * perX,
				(y2 - top) * perY
			],
			landmarks_xy: face.landmarks_xy.map(([x, y]) => [(x - left) * perX, (y - top) * perY]),
			confidence: face.confidence
		};
	}
	// src/engine/calibration.ts
	/** Softens (above 1) or sharpens a file's probabilities: softmax(log(scores) / temperature). */
	function calibrate(scores, temperature) {
		const logits = Array.from(scores, (score) => Math.log(Math.max(score, 1e-30)) / temperature);
		const highest = Math.max(...logits);
		const powers = logits.map((logit) => Math.exp(logit - highest));
		const sum = powers.reduce((total, power) => total + power, 0);
		return powers.map((power) => power / sum);
	}
	/** Index of the highest value; the first of equals. */
	function argmax(values) {
		let best = 0;
		for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
		return best;
	}
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
	// src/engine/preprocess.ts
	/** Cuts a turned square, in the colour of the network's input and `size` pixels wide. */
	function cutSquare(picture, square, color, size) {
		const [x, y] = square.center_xy;
		const reach = square.side * .75 + 2;
		const [left, right] = clipRange(x - reach, x + reach, picture.width);
		const [top, bottom] = clipRange(y - reach, y + reach, picture.height);
		const factor = square.side > 2 * size ? Math.floor(square.side / size) : 1;
		const reduced = reduceBlocks(takePart(picture, {
			left,
			top,
			right,
			bottom
		}, color), factor);
		const [cos, sin] = [Math.cos(square.angle_rad), Math.sin(square.angle_rad)];
		const xs = new Float64Array(size * size);
		const ys = new Float64Array(size * size);
		for (let j = 0; j < size; j++) {
			const down = ((j + .5) / size - .5) * square.side / factor;
			for (let i = 0; i < size; i++) {
				const across = ((i + .5) / size - .5) * square.side / factor;
				xs[j * size + i] = (x - left) / factor + cos * across - sin * down;
				ys[j * size + i] = (y - top) / factor + sin * across + cos * down;
			}
		}
		return sampleBilinear(reduced, xs, ys, size);
	}
	/** Whole pixels that cover low..high, within 0..size and never empty. */
	function clipRange(low, high, size) {
		const start = Math.min(Math.max(Math.floor(low), 0), size - 1);
		return [start, Math.max(Math.min(Math.ceil(high), size), start + 1)];
	}
	/** Stretches a face that is cut out already to the network's size, or the middle `center_share` of it. */
	function fitCrop(crop, spec) {
		const size = spec.size_hw[0];
		const share = spec.center_share;
		if (crop.width === size && crop.height === size && share === 1) return crop;
		const seen = Math.min(crop.width, crop.height) * share;
		const factor = seen > 2 * size ? Math.max(1, Math.floor(seen / size)) : 1;
		const xs = new Float64Array(size * size);
		const ys = new Float64Array(size * size);
		for (let index = 0; index < size * size; index++) {
			const step = (at) => ((at + .5) / size - .5) * share + .5;
			xs[index] = step(index % size) * crop.width / factor;
			ys[index] = step(Math.floor(index / size)) * crop.height / factor;
		}
		return sampleBilinear(reduceBlocks(crop, factor), xs, ys, size);
	}
	/** Spreads grey levels evenly over the picture; one of a single level stays as it is. */
	function equalize(levels) {
		const below = /* @__PURE__ */ new Float64Array(256);
		for (const level of levels) below[level]++;
		const darkest = below.find((count) => count > 0) ?? 0;
		if (darkest === levels.length) return levels;
		for (let level = 1; level < 256; level++) below[level] += below[level - 1];
		const spread = below.map((count) => Math.floor(255 * Math.max(count - darkest, 0) / (levels.length - darkest) + .5));
		return levels.map((level) => spread[level]);
	}
	/** (level * scale - mean) / std, per channel. */
	function normalize(crop, spec) {
		const levels = spec.histogram === "equalize" ? equalize(crop.data) : crop.data;
		const scale = Math.fround(spec.scale);
		const mean = spec.mean.map(Math.fround);
		const std = spec.std.map(Math.fround);
		return Float32Array.from(levels, (level, index) => {
			const channel = index % crop.channels;
			return Math.fround(Math.fround(Math.fround(level * scale) - mean[channel]) / std[channel]);
		});
	}
	// src/engine/reading.ts
	function readingOf(face, labels, scores, shown, abstainBelow, trackId) {
		return {
			box_xyxy: face.box_xyxy,
			landmarks_xy: face.landmarks_xy,
			detection_confidence: face.confidence,
			expression: labels[shown],
			probability: scores[shown],
			uncertain: scores[shown] < abstainBelow,
			scores: Object.fromEntries(labels.map((label, index) => [label, scores[index]])),
			track_id: trackId
		};
	}
	// src/engine/shots.ts
	const LEAST_CUT_LEVELS = 15;
	/** Some hundred green levels, evenly spread over a picture. */
	function glanceAt({ width, height, data }) {
		const levels = [];
		const [down, right] = [Math.max(1, Math.floor(height / 24)), Math.max(1, Math.floor(width / 32))];
		for (let y = Math.floor(height / 48); y < height; y += down) for (let x = Math.floor(width / 64); x < width; x += right) levels.push(data[(y * width + x) * 4 + 1]);
		return Float64Array.from(levels);
	}
	/** Whether two glances are of different shots: hardly alike (-1..1), and by more than noise makes them. */
	function isCut(before, after, below) {
		if (before.length !== after.length) return false;
		const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
		if (mean(after.map((level, index) => Math.abs(level - before[index]))) < LEAST_CUT_LEVELS) return false;
		const centered = (values, middle = mean(values)) => values.map((value) => value - middle);
		const [one, other] = [centered(before), centered(after)];
		const dot = (left, right) => left.reduce((sum, value, index) => sum + value * right[index], 0);
		return dot(one, other) < below * Math.sqrt(dot(one, one) * dot(other, other));
	}
	// src/engine/smoothing.ts
	var Smoother = class {
		spec;
		memories = /* @__PURE__ */ new Map();
		constructor(spec) {
			this.spec = spec;
		}
		/** Returns a track's averaged scores and the index of the label to show. */
		update(trackId, scores, time_s) {
			const memory = this.memories.get(trackId);
			if (memory === void 0) {
				const best = argmax(scores);
				this.memories.set(trackId, {
					scores,
					time_s,
					shown: best,
					behindSince_s: Infinity
				});
				return {
					scores,
					shown: best
				};
			}
			const passed_s = Math.max(0, time_s - memory.time_s);
			const share = this.spec.time_constant_s === 0 ? 1 : 1 - Math.exp(-passed_s / this.spec.time_constant_s);
			memory.scores = memory.scores.map((score, index) => score + share * (scores[index] - score));
			memory.time_s = time_s;
			this.pick(memory);
			return {
				scores: memory.scores,
				shown: memory.shown
			};
		}
		forgetAllBut(trackIds) {
			const kept = new Set(trackIds);
			for (const trackId of this.memories.keys()) if (!kept.has(trackId)) this.memories.delete(trackId);
		}
		pick(memory) {
			const leader = argmax(memory.scores);
			const lead = memory.scores[leader] - memory.scores[memory.shown];
			memory.behindSince_s = Math.min(memory.behindSince_s, memory.time_s);
			const hasWaited = memory.time_s - memory.behindSince_s >= this.spec.hold_s;
			if (leader === memory.shown || lead >= this.spec.margin || hasWaited) {
				memory.shown = leader;
				memory.behindSince_s = Infinity;
			}
		}
	};
	// src/engine/tracking.ts
	var Tracker = class {
		spec;
		tracks = [];
		nextId = 0;
		last_s = -Infinity;
		constructor(spec) {
			this.spec = spec;
		}
		/** Returns the identity of every face, in their order. Nearest pairs are joined first. */
		update(faces, time_s) {
			this.tracks = this.tracks.filter((track) => this.isKept(track, time_s));
			this.last_s = time_s;
			const places = faces.map(placeOf);
			const pairs = this.tracks.flatMap((track) => places.map((place, face) => ({
				track,
				face,
				cost: this.cost(track, place, time_s)
			}))).filter((pair) => Number.isFinite(pair.cost)).sort((one, other) => one.cost - other.cost);
			const trackOf = /* @__PURE__ */ new Map();
			const taken = /* @__PURE__ */ new Set();
			for (const { track, face } of pairs) {
				if (taken.has(track) || trackOf.has(face)) continue;
				taken.add(track);
				trackOf.set(face, track);
			}
			return places.map((place, face) => {
				const track = trackOf.get(face) ?? this.open();
				Object.assign(track, place, { seen_s: time_s });
				return track.id;
			});
		}
		/** Forgets all faces; identities go on counting. */
		reset() {
			this.tracks = [];
		}
		get knownIds() {
			return this.tracks.map((track) => track.id);
		}
		open() {
			const track = {
				id: this.nextId++,
				x: 0,
				y: 0,
				side: 0,
				seen_s: 0
			};
			this.tracks.push(track);
			return track;
		}
		/** Lost for a short while, or in the last frame, however slowly frames come. */
		isKept(track, time_s) {
			const { keep_lost_s, longest_step_s } = this.spec;
			const keep_s = track.seen_s === this.last_s ? Math.max(keep_lost_s, longest_step_s) : keep_lost_s;
			return time_s - track.seen_s <= keep_s;
		}
		/** Distance in sides plus difference in size; infinite where it must be somebody else. */
		cost(track, place, time_s) {
			const gap = this.spec.keep_lost_s ? Math.min(1, (time_s - track.seen_s) / this.spec.keep_lost_s) : 0;
			const distance = Math.hypot(place.x - track.x, place.y - track.y) / Math.min(place.side, track.side);
			const ratio = Math.abs(Math.log(place.side / track.side));
			return distance <= this.spec.max_jump_sides * (1 + gap) && ratio <= Math.log(this.spec.max_size_ratio) ? distance + ratio : Infinity;
		}
	};
	function placeOf({ box_xyxy: [x1, y1, x2, y2] }) {
		return {
			x: (x1 + x2) / 2,
			y: (y1 + y2) / 2,
			side: Math.max(1, (x2 - x1 + y2 - y1) / 2)
		};
	}
	// src/engine/recognizer.ts
	const CARD_VERSION = 1;
	/** One file of a bundle: faces to calibrated scores. */
	var Classifier = class Classifier {
		network;
		card;
		constructor(network, card) {
			this.network = network;
			this.card = card;
		}
		static async open(runtime, folder, file, accelerator) {
			const card = await fetchJson(`${folder}card.json`);
			if (card.card_version > CARD_VERSION) throw new Error(`${card.name}: its card is newer than this page. Reload it, or upgrade mien.`);
			const content = await (await fetchFile(folder + card.files[file].path)).arrayBuffer();
			return new Classifier(await Network.open(runtime, new Uint8Array(content), accelerator), card);
		}
		/** Returns (K) calibrated scores of a face that is cut out already. */
		async scores(crop) {
			const input = normalize(fitCrop(crop, this.card.preprocess), this.card.preprocess);
			const [answer] = await this.network.run(input);
			return calibrate(answer, this.card.calibration.temperature);
		}
		get isFullyAccelerated() {
			return this.network.isFullyAccelerated;
		}
		close() {
			this.network.close();
		}
	};
	var Recognizer = class Recognizer {
		detector;
		detectorNetwork;
		classifier;
		facts;
		tracker;
		smoother;
		glance = /* @__PURE__ */ new Float64Array();
		size = "";
		constructor(detector, detectorNetwork, classifier, facts) {
			this.detector = detector;
			this.detectorNetwork = detectorNetwork;
			this.classifier = classifier;
			this.facts = facts;
			this.tracker = new Tracker(facts.tracking);
			this.smoother = new Smoother(facts.smoothing);
		}
		static async open(runtime, base, facts, bundle, file, accelerator) {
			const content = await (await fetchFile(base + facts.detector.path)).arrayBuffer();
			const network = await Network.open(runtime, new Uint8Array(content), accelerator);
			const classifier = await Classifier.open(runtime, `${base}bundles/${bundle}/`, file, accelerator);
			return new Recognizer(new BlazeFace(network, facts.detector), network, classifier, facts);
		}
		close() {
			this.detectorNetwork.close();
			this.classifier.close();
		}
		/** What comes next is of another source: nobody is known, and identities count anew. */
		reset() {
			this.tracker = new Tracker(this.facts.tracking);
			this.smoother = new Smoother(this.facts.smoothing);
			this.size = "";
		}
		/** Forgets all faces of this source, as after a cut; identities go on counting. */
		forget() {
			this.tracker.reset();
			this.smoother = new Smoother(this.facts.smoothing);
		}
		/** Reads a single picture. */
		async readPicture(picture) {
			return this.read(picture, 0, (faces, scores) => {
				return faces.map((face, index) => this.say(face, scores[index], argmax(scores[index]), -1));
			});
		}
		/** Reads the next frame of a source: faces keep their identity, and come in its order; labels are steadied. */
		async readFrame(picture, time_s) {
			const glance = glanceAt(picture);
			const size = `${picture.width}x${picture.height}`;
			if (size !== this.size || isCut(this.glance, glance, this.facts.tracking.cut_below)) this.forget();
			this.glance = glance;
			this.size = size;
			return this.read(picture, time_s, (faces, scores) => {
				const ids = this.tracker.update(faces, time_s);
				this.smoother.forgetAllBut(this.tracker.knownIds);
				return faces.map((face, index) => {
					const steady = this.smoother.update(ids[index], scores[index], time_s);
					return this.say(face, steady.scores, steady.shown, ids[index]);
				}).sort((one, other) => one.track_id - other.track_id);
			});
		}
		async read(picture, time_s, say) {
			const { card } = this.classifier;
			const started = performance.now();
			const faces = await this.detector.detect(picture);
			const detected = performance.now();
			const side = Math.round(card.preprocess.size_hw[0] / card.preprocess.center_share);
			const scores = [];
			for (const face of faces) {
				const square = faceSquare(face, card.alignment, this.facts.framing);
				scores.push(await this.classifier.scores(cutSquare(picture, square, card.preprocess.color, side)));
			}
			const { width, height } = picture;
			const times = {
				detect_ms: detected - started,
				classify_ms: performance.now() - detected
			};
			return {
				width,
				height,
				time_s,
				faces: say(faces, scores),
				...times,
				num_dropped: 0
			};
		}
		say(face, scores, shown, trackId) {
			const { labels, calibration } = this.classifier.card;
			return readingOf(face, labels, scores, shown, calibration.abstain_below, trackId);
		}
	};
	// src/engine/worker.ts
	let runtime;
	let recognizer;
	let canvas;
	self.onmessage = async (event) => {
		const { id, call } = event.data;
		try {
			reply({
				id,
				result: await perform(call)
			});
		} catch (error) {
			reply({
				id,
				error: error instanceof Error ? error.message : String(error)
			});
		}
	};
	function reply(answer) {
		self.postMessage(answer);
	}
	async function perform(call) {
		switch (call.kind) {
			case "open": return open(call.base, call.facts, call.bundle, call.file, call.accelerator);
			case "reset": return opened().reset();
			case "picture": return opened().readPicture(pixelsOf(call.bitmap));
			case "frame": return opened().readFrame(pixelsOf(call.bitmap), call.time_s);
			case "crop": return opened().classifier.scores(call.crop);
			case "time": return time(call.base, call.bundle, call.file, call.crops, call.repeats);
		}
	}
	function opened() {
		if (recognizer === void 0) throw new Error("No model is open yet.");
		return recognizer;
	}
	async function open(base, facts, bundle, file, accelerator) {
		runtime ??= loadRuntime(`${base}litert/`);
		const made = await Recognizer.open(await runtime, base, facts, bundle, file, accelerator);
		recognizer?.close();
		recognizer = made;
		return {
			labels: made.classifier.card.labels,
			isFullyAccelerated: made.classifier.isFullyAccelerated
		};
	}
	/** Draws a bitmap, reads its pixels and closes it. */
	function pixelsOf(bitmap) {
		const { width, height } = bitmap;
		if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
		const context = canvas.getContext("2d", {
			willReadFrequently: true,
			alpha: false
		});
		if (context === null) throw new Error("This browser gives no canvas to a worker.");
		context.drawImage(bitmap, 0, 0);
		bitmap.close();
		return {
			width,
			height,
			data: context.getImageData(0, 0, width, height).data
		};
	}
	/** 000's protocol on one file: every picture in turn, resizing included, `repeats` times over. */
	async function time(base, bundle, file, crops, repeats) {
		runtime ??= loadRuntime(`${base}litert/`);
		const loaded = await runtime;
		const started = performance.now();
		const classifier = await Classifier.open(loaded, `${base}bundles/${bundle}/`, file, "wasm");
		const load_ms = performance.now() - started;
		const { preprocess, files } = classifier.card;
		const levels = crops.map((crop) => takePart(crop, {
			left: 0,
			top: 0,
			right: crop.width,
			bottom: crop.height
		}, preprocess.color));
		const first = performance.now();
		await classifier.scores(levels[0]);
		const first_ms = performance.now() - first;
		const runs = [];
		for (let repeat = 0; repeat < repeats; repeat++) {
			const times = [];
			for (const one of levels) {
				const before = performance.now();
				await classifier.scores(one);
				times.push(performance.now() - before);
			}
			runs.push(times);
			reply({
				id: -1,
				result: { done: repeat + 1 }
			});
		}
		classifier.close();
		return {
			load_ms,
			first_ms,
			runs,
			wasm_mb: memoryMb(loaded),
			bytes: files[file].bytes,
			sha256: files[file].sha256
		};
	}
})();
