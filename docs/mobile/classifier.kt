import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.exp
import kotlin.math.ln
import org.tensorflow.lite.InterpreterApi

val LABELS = listOf($labels)
const val ABSTAIN_BELOW = $abstain_below
private const val SIDE = $side
private const val SCALE = ${scale}f
private const val MEAN = ${mean}f
private const val STD = ${std}f
private const val TEMPERATURE = $temperature

/** @param model a file of the bundle: memory-mapped, or a direct buffer in native byte order. Not for several threads at once. */
class ExpressionClassifier(model: ByteBuffer) : AutoCloseable {
    private val interpreter = InterpreterApi.create(model, InterpreterApi.Options().setNumThreads(1))
    private val input = ByteBuffer.allocateDirect(4 * SIDE * SIDE).order(ByteOrder.nativeOrder())
    private val output = Array(1) { FloatArray(LABELS.size) }

    /** @param crop SIDE * SIDE grey levels, row by row, as step 2 makes them. @return probabilities in the order of LABELS. */
    fun scores(crop: ByteArray): List<Double> {
        require(crop.size == SIDE * SIDE)
        input.rewind()
        for (level in crop) input.putFloat(((level.toInt() and 0xFF) * SCALE - MEAN) / STD)
        input.rewind()
        interpreter.run(input, output)
        return calibrate(output[0])
    }

    override fun close() = interpreter.close()
}

fun calibrate(scores: FloatArray): List<Double> {
    val logits = scores.map { ln(maxOf(it.toDouble(), 1e-30)) / TEMPERATURE }
    val highest = logits.max()
    val powers = logits.map { exp(it - highest) }
    val sum = powers.sum()
    return powers.map { it / sum }
}
