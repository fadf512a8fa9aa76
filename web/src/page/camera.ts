// The camera, with reasons in words when there is none.

/** What the detector needs; more pixels would only cost time. */
const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } }

const REASONS: Record<string, string> = {
  NotAllowedError: 'The camera may not be used. Allow it in the browser’s settings for this page.',
  NotFoundError: 'No camera was found. Connect one, or choose a picture or a video.',
  NotReadableError: 'The camera is in use by another program. Close it and try again.',
  OverconstrainedError: 'This camera is not there any more. Choose another one.',
}

export async function openCamera(deviceId: string): Promise<MediaStream> {
  if (!('mediaDevices' in navigator)) {
    throw new Error('Browsers give a camera to HTTPS pages and to this machine’s own address only. Open the page over HTTPS.')
  }
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'user' }
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...SIZE, ...which }, audio: false })
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    throw new Error(REASONS[name] ?? `The camera cannot be opened (${name || error}).`)
  }
}

/** Lists the cameras; they have names only after one was allowed. */
export async function listCameras(select: HTMLSelectElement): Promise<void> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
  const cameras = devices.filter((device) => device.kind === 'videoinput' && device.deviceId)
  const chosen = select.value
  const options = cameras.map((device, index) => new Option(device.label || `Camera ${index + 1}`, device.deviceId))
  select.replaceChildren(new Option('Default', ''), ...options)
  select.value = cameras.some((device) => device.deviceId === chosen) ? chosen : ''
}

export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
