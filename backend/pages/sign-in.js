// Redeems a sign-in link, shows who is signed in. The token of the link stands behind the # and is taken out of the
// address at once, so that it is in no history, no log and no Referer.
'use strict';

const KEY = 'zhiping.token';
const byId = (id) => document.getElementById(id);

function show(id, visible) {
  byId(id).hidden = !visible;
}

function say(text, isError) {
  byId('message').textContent = text;
  byId('message').className = isError ? 'error' : '';
}

async function call(method, path, body) {
  const headers = {};
  const token = localStorage.getItem(KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    return { status: 0, data: { error: { message: '网络不通，请检查网络后重试。' } } };
  }
  const text = await response.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = { error: { message: '服务没有正常应答，请稍后重试。' } };
  }
  return { status: response.status, data };
}

async function open(body, wanted) {
  say('正在登录…');
  const { status, data } = await call('POST', '/api/sessions', body);
  if (status !== 201) {
    say(data.error.message, true);
    // Who is signed in already stays so; a link opened twice is no reason to throw them out.
    if (localStorage.getItem(KEY)) await start();
    else show('password', true);
    return;
  }
  localStorage.setItem(KEY, data.token);
  goOn(data.me, wanted);
}

async function switchTo(holding) {
  const { role, school_id, district } = holding;
  const { status, data } = await call('PUT', '/api/sessions/current', { holding: { role, school_id, district } });
  if (status !== 200) return say(data.error.message, true);
  localStorage.setItem(KEY, data.token);
  goOn(data.me);
}

// Who has a page of their own goes on to it, or to the one wanted below it: messages lead to /visits/…, which is
// /m/visits/… for an inspector.
const PAGES = { inspector: '/m/', school: '/s/', district: '/c/', city: '/c/', admin: '/c/' };
const PAGE_NAMES = { inspector: '进入现场评估', school: '进入学校填报', district: '进入工作台', city: '进入工作台', admin: '进入工作台' };

function goOn(me, wanted) {
  const page = PAGES[me.holding.role];
  if (page) location.replace(!wanted || wanted.startsWith(page) ? wanted || page : page + wanted.slice(1));
  else showMe(me);
}

function showMe(me) {
  say('已登录');
  show('password', false);
  show('me', true);
  byId('name').textContent = me.name;
  byId('role').textContent = me.holding.role_name;
  byId('ends').textContent = `登录有效至 ${new Date(me.session.idle_until).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' })}`;
  byId('page').hidden = !PAGES[me.holding.role];
  byId('page').href = PAGES[me.holding.role] ?? '';
  byId('page').textContent = PAGE_NAMES[me.holding.role] ?? '';
  byId('roles').replaceChildren(...me.holdings.filter((each) => !sameHolding(each, me.holding)).map(roleButton));
  showInbox();
}

const sameHolding = (a, b) => a.role === b.role && a.school_id === b.school_id && a.district === b.district;

function roleButton(holding) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = `切换为${holding.role_name}`;
  button.addEventListener('click', () => switchTo(holding));
  return button;
}

async function showInbox() {
  const { status, data } = await call('GET', '/api/inbox');
  const messages = status === 200 && Array.isArray(data.items) ? data.items : [];
  byId('inbox').replaceChildren(...(messages.length ? messages : [{ title: '暂无消息' }]).map((message) => {
    const line = document.createElement('li');
    line.textContent = [message.title, message.text].filter(Boolean).join('：');
    return line;
  }));
}

async function start() {
  const { status, data } = await call('GET', '/api/me');
  if (status === 200) return location.pathname === '/' ? goOn(data) : showMe(data);
  if (status === 401) localStorage.removeItem(KEY);
  show('me', false);
  show('password', true);
  say(status === 401 ? '请登录' : data.error.message, status !== 401);
}

byId('password').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  open({ account: form.get('account').trim(), password: form.get('password') });
});

byId('sign-out').addEventListener('click', async () => {
  await call('DELETE', '/api/sessions/current');
  localStorage.removeItem(KEY);
  await start();
});

async function openLink() {
  // A page to go on to may follow the token, like #TOKEN/m/visits/…; only a path of our own is one.
  const [, link, wanted] = /^#([^/]*)(\/[\w/-]*)?$/.exec(location.hash) ?? [null, location.hash.slice(1), null];
  history.replaceState(null, '', location.pathname);
  await open({ link }, wanted);
}

// A second link opened in the same tab changes only what stands behind the #.
addEventListener('hashchange', () => location.hash.length > 1 && openLink());
if (location.hash.length > 1) openLink();
else start();
