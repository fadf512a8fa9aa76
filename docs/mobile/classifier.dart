import 'dart:math';
import 'dart:typed_data';

import 'package:tflite_flutter/tflite_flutter.dart';

const labels = [$labels];
const abstainBelow = $abstain_below;
const _side = $side;
const _scale = $scale;
const _mean = $mean;
const _std = $std;
const _temperature = $temperature;

class ExpressionClassifier {
  ExpressionClassifier._(this._interpreter);
  final Interpreter _interpreter;

  static Future<ExpressionClassifier> load(String asset) async =>
      ExpressionClassifier._(await Interpreter.fromAsset(asset, options: InterpreterOptions()..threads = 1));

  /// [crop]: _side * _side grey levels, row by row, as step 2 makes them. Returns probabilities in the order of [labels].
  List<double> scores(Uint8List crop) {
    final input = crop.map((level) => (level * _scale - _mean) / _std).toList().reshape([1, _side, _side, 1]);
    final output = [List<double>.filled(labels.length, 0)];
    _interpreter.run(input, output);
    return calibrate(output[0]);
  }

  void close() => _interpreter.close();
}

List<double> calibrate(List<double> scores) {
  final logits = scores.map((score) => log(max(score, 1e-30)) / _temperature).toList();
  final highest = logits.reduce(max);
  final powers = logits.map((logit) => exp(logit - highest)).toList();
  final sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum).toList();
}
