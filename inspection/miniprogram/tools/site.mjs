// Writes the app id and the address of the service from site.json to where DevTools and the mini-program read them.
import { readFileSync, writeFileSync } from 'node:fs'

const file = (name) => new URL(`../${name}`, import.meta.url)
const { appId, origin } = JSON.parse(readFileSync(file('site.json'), 'utf8'))
if (!/^(wx[0-9a-f]{16}|touristappid)$/.test(appId)) throw new Error(`site.json 的 appId 不对：${appId}`)
if (!/^https?:\/\/[^/]+$/.test(origin))
    throw new Error(`site.json 的 origin 应是 https://域名，后面没有斜杠：${origin}`)

const config = file('project.config.json')
writeFileSync(config, readFileSync(config, 'utf8').replace(/("appid": )"[^"]*"/, `$1"${appId}"`))
const site = file('src/site.ts')
writeFileSync(site, readFileSync(site, 'utf8').replace(/(ORIGIN = )'[^']*'/, `$1'${origin}'`))
