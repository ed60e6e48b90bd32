/** Vant's viewer of pictures, with its style; loaded when a picture is tapped. */

export { showImagePreview } from 'vant'
import 'vant/es/image-preview/style'
