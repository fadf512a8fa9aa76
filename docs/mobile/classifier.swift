import Foundation
import TensorFlowLite

let labels = [$labels]
let abstainBelow = $abstain_below
private let side = $side
private let scale: Float = $scale
private let mean: Float = $mean
private let std: Float = $std
private let temperature = $temperature

/// Not for several threads at once.
final class ExpressionClassifier {
    private let interpreter: Interpreter

    init(modelPath: String) throws {
        var options = Interpreter.Options()
        options.threadCount = 1
        interpreter = try Interpreter(modelPath: modelPath, options: options)
        try interpreter.allocateTensors()
    }

    /// - Parameter crop: side * side grey levels, row by row, as step 2 makes them.
    /// - Returns: Probabilities in the order of `labels`.
    func scores(_ crop: [UInt8]) throws -> [Double] {
        precondition(crop.count == side * side)
        let input = crop.map { (Float($$0) * scale - mean) / std }
        try interpreter.copy(input.withUnsafeBufferPointer { Data(buffer: $$0) }, toInputAt: 0)
        try interpreter.invoke()
        let answer = try interpreter.output(at: 0).data
        var output = [Float](repeating: 0, count: labels.count)
        _ = output.withUnsafeMutableBytes { answer.copyBytes(to: $$0) }
        return calibrate(output)
    }
}

func calibrate(_ scores: [Float]) -> [Double] {
    let logits = scores.map { log(max(Double($$0), 1e-30)) / temperature }
    let highest = logits.max()!
    let powers = logits.map { exp($$0 - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $$0 / sum }
}
