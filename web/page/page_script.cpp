// SPDX-License-Identifier: Apache-2.0
#include "web/page/page.hpp"

namespace hilltop::web {

std::string_view page_script() noexcept {
  return R"js('use strict';
// Whatever comes from a board, a job or a user goes into the page as textContent: data, never markup.
const $ = (id) => document.getElementById(id);
const show = (id, on) => { $(id).hidden = !on; };
const api = '/api/v1';
let token = '';
let events = null;
let stream = null;
let opened = null;           // {kind: 'board' | 'job', name}
let lastSeq = null;
let retryMs = 500;
// Of this page: who comes back to a console takes over from itself, and from nobody else.
const client = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');
const screenLimit = 400000;  // characters that are kept on the screen

function takeToken() {
  const fromLink = /(?:^#|&)token=([^&]+)/.exec(location.hash);
  if (fromLink) {
    sessionStorage.setItem('hilltop-token', decodeURIComponent(fromLink[1]));
    history.replaceState(null, '', location.pathname);
  }
  token = sessionStorage.getItem('hilltop-token') || '';
}

async function get(path, as = 'json') {
  const reply = await fetch(api + path, {headers: {Authorization: 'Bearer ' + token}});
  if (reply.ok) return reply[as]();
  const problem = await reply.json().catch(() => ({}));
  const error = new Error(problem.detail || reply.statusText);
  error.status = reply.status;
  throw error;
}

function socket(path) {
  const origin = location.origin.replace(/^http/, 'ws');
  return new WebSocket(origin + api + path, ['hilltop', 'hilltop.token.' + token]);
}

function cell(row, text, style) {
  const td = row.insertCell();
  td.textContent = text === null || text === undefined ? '' : String(text);
  if (style) td.className = style;
  return td;
}

function opener(row, text, open) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.addEventListener('click', open);
  row.insertCell().append(button);
}

const styles = {good: 'good', pass: 'good', fail: 'bad', bad: 'bad', offline: 'bad', incomplete: 'warn', suspect: 'warn',
  maintenance: 'warn', canceled: 'soft', retired: 'soft', skip: 'soft'};

function boardRow(board) {
  const row = document.createElement('tr');
  opener(row, board.name, () => openBoard(board.name));
  cell(row, board.type);
  cell(row, board.problem ? board.state + ': ' + board.problem : board.state, styles[board.state]);
  cell(row, board.health + (board.health_reason ? ': ' + board.health_reason : ''), styles[board.health]);
  cell(row, board.power_found ? board.power + ', found ' + board.power_found
         : board.power_problem ? board.power + ': ' + board.power_problem : board.power,
       board.power_found || board.power_problem ? 'warn' : undefined);
  cell(row, board.job ? 'job ' + board.job : board.holder);
  return row;
}

function jobRow(job) {
  const row = document.createElement('tr');
  opener(row, String(job.id), () => openJob(job.id));
  cell(row, job.name);
  cell(row, job.board || job.board_type);
  cell(row, job.state === 'running' && job.current_action ? job.state + ' ' + job.current_action : job.state);
  cell(row, job.verdict, styles[job.verdict]);
  cell(row, job.cases ? job.passed + ' of ' + job.cases + ' passed' : '');
  return row;
}

// Events come in bursts: lists are read again at most every 200 ms, and only those that changed.
const stale = new Set();
let refreshing = null;
function refresh(what) {
  stale.add(what);
  if (!refreshing) refreshing = setTimeout(async () => {
    const now = [...stale];
    stale.clear();
    try {
      if (now.includes('boards')) $('boards').replaceChildren(...(await get('/boards')).items.map(boardRow));
      if (now.includes('jobs')) $('jobs').replaceChildren(...(await get('/jobs?limit=50')).items.map(jobRow));
      if (now.includes('results') && opened && opened.kind === 'job') await showResults(opened.name);
    } catch (error) {
      refused(error);
    }
    refreshing = null;
    if (stale.size) refresh([...stale][0]);
  }, 200);
}

function refused(error) {
  $('link').textContent = error.message;
  if (error.status === 401) { leave(); $('login-problem').textContent = error.message; }
}

function onEvent(event) {
  lastSeq = event.seq;
  if (event.kind.startsWith('board') || event.kind === 'lease' || event.kind === 'lab') refresh('boards');
  if (event.kind.startsWith('job')) {
    refresh('jobs');
    if (opened && opened.kind === 'job' && String(opened.name) === event.subject) refresh('results');
  }
}

function follow() {
  if (events) events.close();
  const mine = events = socket('/events/ws' + (lastSeq === null ? '' : '?after=' + lastSeq));
  mine.onopen = () => { retryMs = 500; $('link').textContent = 'live'; refresh('boards'); refresh('jobs'); };
  mine.onmessage = (message) => onEvent(JSON.parse(message.data));
  mine.onclose = () => {
    if (events !== mine || !token) return;
    $('link').textContent = 'not connected: trying again';
    setTimeout(() => { if (events === mine && token) follow(); }, retryMs);
    retryMs = Math.min(retryMs * 2, 10000);
  };
}

// Control sequences are taken out; a sequence cut by the end of a piece waits for the rest.
function makeCleaner() {
  let rest = '';
  const sequences = /\x1b(?:\[[0-?]*[ -\/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()*+][0-~]|[ -\/]*[0-Z\\^-~])/g;
  const unfinished = /\x1b(?:\[[0-?]*[ -\/]*|\][^\x07\x1b]{0,256}\x1b?|[()*+]?)?$/;
  return (text) => {
    text = rest + text;
    const cut = unfinished.exec(text);
    rest = cut ? cut[0] : '';
    if (cut) text = text.slice(0, cut.index);
    return text.replace(sequences, '').replace(/\r+\n/g, '\n').replace(/[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]/g, '');
  };
}

function put(text) {
  const screen = $('screen');
  const atEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 30;
  screen.append(document.createTextNode(text));
  let size = screen.textContent.length;
  while (size > screenLimit && screen.childNodes.length > 1) {
    size -= screen.firstChild.length;
    screen.firstChild.remove();
  }
  screen.normalize();
  if (atEnd) screen.scrollTop = screen.scrollHeight;
}

function openDetail(kind, name, title) {
  if (stream) stream.close();
  stream = null;
  opened = {kind, name};
  $('title').textContent = title;
  $('note').textContent = '';
  $('screen').replaceChildren();
  $('results').replaceChildren();
  show('detail', true);
  $('detail').scrollIntoView({block: 'nearest'});
}

async function openBoard(name) {
  openDetail('board', name, name);
  const path = '/boards/' + encodeURIComponent(name);
  let writes = false;
  try {
    const [board, me] = await Promise.all([get(path), get('/whoami')]);
    writes = me.role === 'technician' || me.role === 'admin' || (board.lease !== null && board.holder === me.user);
    const end = await consoleEnd(path);
    if (!opened || opened.name !== name) return;
    openConsole(path, Math.max(0, end - 16384), writes);
  } catch (error) {
    $('note').textContent = error.message;
  }
}

async function consoleEnd(path) {
  const headers = {Authorization: 'Bearer ' + token};
  const reply = await fetch(api + path + '/console?max=0&from=18446744073709551615', {headers});
  return Number(reply.headers.get('X-Hilltop-End') || 0);
}

function openConsole(path, from, writes) {
  const clean = makeCleaner();
  const decoder = new TextDecoder();
  let begun = false;
  const mine = stream = socket(path + '/console/ws?from=' + from + (writes ? '&write=1&client=' + client : ''));
  mine.binaryType = 'arraybuffer';
  $('note').textContent = writes ? 'Click into the console to type.' : 'Read only: you do not hold this board.';
  mine.onmessage = (message) => {
    if (mine !== stream) return;
    if (message.data instanceof ArrayBuffer) return put(clean(decoder.decode(message.data, {stream: true})));
    const said = JSON.parse(message.data);
    if (said.offset !== undefined) begun = true;
    if (said.gap) put('\n[' + (said.gap.to - said.gap.from) + ' bytes skipped]\n');
    if (said.end && writes && !begun) openConsole(path, from, false);   // somebody else types: look on
    if (said.end) $('note').textContent = said.end;
  };
  mine.onclose = (close) => { if (mine === stream && close.reason) $('note').textContent = close.reason; };
  mine.writes = writes;
}

const keys = {Enter: '\r', Backspace: '\x7f', Tab: '\t', Escape: '\x1b', ArrowUp: '\x1b[A', ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C', ArrowLeft: '\x1b[D', Home: '\x1b[H', End: '\x1b[F', Delete: '\x1b[3~'};

function type(text) {
  if (stream && stream.writes && stream.readyState === WebSocket.OPEN) stream.send(new TextEncoder().encode(text));
}

function onKey(key) {
  if (!stream || !stream.writes || key.metaKey || key.altKey) return;
  let text = keys[key.key];
  if (key.key === 'Tab' && key.shiftKey) return;   // the way out for who has no mouse
  if (key.ctrlKey) text = /^[a-z\[\\\]]$/.test(key.key) ? String.fromCharCode(key.key.charCodeAt(0) & 31) : undefined;
  else if (!text && [...key.key].length === 1) text = key.key;
  if (text === undefined || (key.ctrlKey && key.key === 'c' && String(getSelection()))) return;
  key.preventDefault();
  type(text);
}

function openJob(id) {
  openDetail('job', id, 'job ' + id);
  const mine = stream = socket('/jobs/' + id + '/log/ws?from=1');
  const clean = makeCleaner();
  mine.onmessage = (message) => {
    if (mine !== stream) return;
    const lines = message.data.split('\n').map((line) => JSON.parse(line)).filter((line) => line.msg !== undefined);
    if (lines.length) put(lines.map((line) => (line.lvl === 'target' ? '' : '[' + line.lvl + '] ') + clean(line.msg + '\n')).join(''));
  };
  mine.onclose = (close) => { if (mine === stream && close.reason && close.reason !== 'end') $('note').textContent = close.reason; };
  showResults(id).catch((error) => { $('note').textContent = error.message; });
}

async function showResults(id) {
  const job = await get('/jobs/' + id);
  if (!opened || opened.kind !== 'job' || opened.name !== id) return;
  $('title').textContent = 'job ' + id + ' ' + job.name;
  $('note').textContent = job.verdict ? job.verdict + (job.reason ? ': ' + job.reason : '') : job.waiting_for || job.state;
  const table = document.createElement('table');
  for (const suite of job.suites || []) for (const test of suite.cases) {
    const row = table.insertRow();
    cell(row, suite.name);
    cell(row, test.name);
    cell(row, test.result, styles[test.result]);
    cell(row, test.measurement === null ? '' : test.measurement + ' ' + (test.units || ''));
    cell(row, test.message, 'why');
  }
  $('results').replaceChildren(table);
}

function closeDetail() {
  if (stream) stream.close();
  stream = opened = null;
  show('detail', false);
}

function leave() {
  sessionStorage.removeItem('hilltop-token');
  token = '';
  if (events) events.close();
  events = null;
  closeDetail();
  show('lists', false);
  show('leave', false);
  show('login', true);
  $('who').textContent = '';
}

async function enter() {
  $('login-problem').textContent = '';
  if (!token) return leave();
  try {
    const me = await get('/whoami');
    $('who').textContent = me.user + ' (' + me.role + ')';
    show('login', false);
    show('lists', true);
    show('leave', true);
    follow();
  } catch (error) {
    refused(error);
    if (error.status !== 401) setTimeout(enter, 2000);
  }
}

$('enter').addEventListener('click', () => { sessionStorage.setItem('hilltop-token', $('token').value.trim()); $('token').value = ''; takeToken(); enter(); });
$('token').addEventListener('keydown', (key) => { if (key.key === 'Enter') $('enter').click(); });
$('leave').addEventListener('click', leave);
$('close').addEventListener('click', closeDetail);
$('screen').addEventListener('keydown', onKey);
$('screen').addEventListener('paste', (paste) => { paste.preventDefault(); type(paste.clipboardData.getData('text').replace(/\r?\n/g, '\r')); });
addEventListener('hashchange', () => { takeToken(); enter(); });
takeToken();
enter();
)js";
}

}  // namespace hilltop::web
