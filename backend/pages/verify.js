// Says what the document with a verification code is. The code comes from behind the # or from ?code=, as QR codes and
// chat programs have it, or is typed.
'use strict';

const byId = (id) => document.getElementById(id);
const STATES = {
  current: ['有效', '', '这份文件由本系统生成，内容与系统中现有的一致。'],
  superseded: ['已失效', 'error', '这份文件由本系统生成，但内容此后有变动，请索取新的一份。'],
};

function say(text, isError) {
  byId('message').textContent = text;
  byId('message').className = isError ? 'error' : '';
}

async function verify(code) {
  byId('found').hidden = true;
  byId('ask').elements.code.value = code;
  say('正在核验…');
  let answer;
  try {
    const response = await fetch(`/api/verify?code=${encodeURIComponent(code)}`);
    answer = await response.json();
    if (!response.ok) return say((answer.error.details[0] || answer.error).message, true);
  } catch {
    return say('网络不通或服务没有正常应答，请稍后重试。', true);
  }
  show(answer);
}

function show(answer) {
  const [state, look, advice] = STATES[answer.state];
  say('核验完成');
  byId('state').textContent = state;
  byId('state').className = look;
  byId('advice').textContent = advice;
  const made = new Date(answer.made_at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' });
  const texts = { kind: answer.kind_name, cycle: answer.cycle_title, school: answer.school, district: answer.district,
    made, code: answer.code, hash: answer.sha256 };
  for (const [id, text] of Object.entries(texts)) byId(id).textContent = text;
  for (const each of document.querySelectorAll('.of-school')) each.hidden = !answer.school;
  for (const each of document.querySelectorAll('.of-district')) each.hidden = !answer.district;
  byId('found').hidden = false;
}

byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  verify(event.target.elements.code.value.trim());
});

function verifyAddress() {
  const code = location.hash.slice(1) || new URLSearchParams(location.search).get('code') || '';
  if (code) verify(decodeURIComponent(code));
}

addEventListener('hashchange', verifyAddress);
verifyAddress();
