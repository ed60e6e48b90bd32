/** What a photo may be asked about, and how a flagged one is told of. */

import type { FlaggedPhoto } from '../../api/types'
import { timeText } from '../../shared/words'
import type { Picture } from '../review/Lightbox.vue'

export const FLAGS: Readonly<Record<FlaggedPhoto['flags'][number]['kind'], string>> = {
  same_file: '同一文件另有使用',
  near_identical: '与别校照片极为相似',
  outside_cycle: '拍摄时间不在本周期内',
  outside_visit: '拍摄时间不在现场评估当天',
  far_from_school: '拍摄地点距学校超过 1 公里',
  no_capture_time: '没有拍摄时间',
}

/** A flag in a sentence, with what is known of it. */
export function flagText(flag: FlaggedPhoto['flags'][number]): string {
  return flag.distance === null ? flag.name : `${flag.name}（约 ${(flag.distance / 1000).toFixed(1)} 公里）`
}

/** The photo and its twins, as far as there is a picture, to be looked at one after the other. */
export function picturesOf(photo: FlaggedPhoto): Picture[] {
  const own = {
    id: photo.id,
    src: photo.file?.large,
    title: titleOf(photo.school_name, photo.item),
    notes: notesOf(photo),
  }
  const twins = photo.twins.map((twin) => ({
    id: twin.record,
    src: twin.file?.large,
    title: `${titleOf(twin.school, twin.item)}（${twin.cycle}）`,
    notes: twin.file?.says?.taken_at ? [`拍摄于 ${timeText(twin.file.says.taken_at)}`] : ['没有拍摄时间'],
  }))
  return [own, ...twins].flatMap(({ src, ...rest }) => (src ? [{ ...rest, src }] : []))
}

export function titleOf(school: string, item: string | null): string {
  return item ? `${school} ${item}` : school
}

function notesOf(photo: FlaggedPhoto): string[] {
  const taken = photo.file?.says?.taken_at
  return [...(taken ? [`拍摄于 ${timeText(taken)}`] : []), ...photo.flags.map(flagText)]
}
