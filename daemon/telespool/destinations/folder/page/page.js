/* The page of Telespool's folder destination.

   A page opened from the disk may load scripts but not fetch, so the data arrive as calls:
   telespool.chats([...]) from _page/chats.js, telespool.chunk(chat, number, [...]) from _page/CHAT/NNNNN.js.
   The address says what is shown: #family is a chat, #family/12 its message 12, large. */

"use strict";

(() => {
  const CHUNK = 100;          // as in page/__init__.py
  const ENOUGH = 12;          // posts to begin with
  const LOOK_AGAIN = 4000;    // milliseconds between looks for new posts
  const EARLY = 600;          // this near to the beginning, earlier posts are loaded (pixels)
  const AT_END = 120;         // this near to the end, new posts are scrolled to

  const find = (id) => document.getElementById(id);
  const feed = find("feed");
  const viewer = find("viewer");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  let chats = [];             // as in chats.js
  let chat = null;            // the one that is shown
  let filter = "posts";
  let loaded = new Map();     // chunk number -> its element
  let seen = new Map();       // chunk number -> what chats.js said of it when it was loaded
  let entered = false;        // whether the viewer was opened from this page (then Back closes it)
  let loading = Promise.resolve();

  // ---- Data ------------------------------------------------------------------------------------------

  const waiting = new Map();

  window.telespool = {
    chats(list) { answer("chats", list); },
    chunk(name, number, posts) { answer(`${name}/${number}`, posts); },
  };

  function answer(what, data) {
    waiting.get(what)?.(data);
  }

  function load(what, source) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      waiting.set(what, resolve);
      script.src = `${source}?${Date.now()}`;
      script.onload = () => { script.remove(); waiting.delete(what); };
      script.onerror = () => { script.remove(); waiting.delete(what); reject(new Error(source)); };
      document.head.append(script);
    });
  }

  const loadChats = () => load("chats", "_page/chats.js");
  const loadChunk = (name, number) =>
    load(`${name}/${number}`, `_page/${encodeURIComponent(name)}/${String(number).padStart(5, "0")}.js`);

  // ---- Small things ----------------------------------------------------------------------------------

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
  const total = (entry, trait) => entry.chunks.reduce((sum, chunk) => sum + (chunk[trait] ?? 0), 0);
  const path = (...parts) => parts.flatMap((part) => part.split("/")).map(encodeURIComponent).join("/");
  const dayOf = (when) => new Intl.DateTimeFormat("en-GB", { dateStyle: "full" }).format(when);
  const timeOf = (when) => new Intl.DateTimeFormat("en-GB", { timeStyle: "short" }).format(when);
  const say = (text) => { find("status").textContent = text; };

  function bytes(n) {
    const units = ["bytes", "kB", "MB", "GB"];
    let step = 0;
    while (n >= 1000 && step < 3) { n /= 1000; step += 1; }
    return `${step && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[step]}`;
  }

  function clock(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (n) => String(n).padStart(2, "0");
    return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  }

  // ---- One post --------------------------------------------------------------------------------------

  function article(post) {
    const visual = post.media.filter((medium) => medium.kind !== "document");
    const files = post.media.filter((medium) => medium.kind === "document");
    const when = new Date(post.posted);
    const traits = new Set(post.media.map((medium) => medium.kind));
    if (post.media.some((medium) => medium.converted)) traits.add("converted");

    const element = make("article", { id: `post-${post.media[0].message}` });
    element.dataset.directory = post.directory;
    element.dataset.first = post.media[0].message;
    element.dataset.day = dayOf(when);
    element.dataset.traits = ["posts", ...traits].join(" ");
    element.setAttribute("aria-label", `${summary(post)}, ${timeOf(when)}`);
    if (visual.length > 1) element.classList.add("wide");

    for (const row of mosaic(visual.map(shape))) {
      element.append(make("div", { className: "row" }, ...row.map((place) => tile(post, visual[place], visual.length))));
    }
    files.forEach((medium) => element.append(fileRow(post, medium)));
    if (post.caption) element.append(make("p", { className: "caption", dir: "auto", textContent: post.caption }));
    for (const medium of post.media.filter((each) => each.caption)) {
      const text = post.media.length > 1 ? `${medium.file}: ${medium.caption}` : medium.caption;
      element.append(make("p", { className: "caption", dir: "auto", textContent: text }));
    }
    element.append(foot(post, when));
    return element;
  }

  function summary(post) {
    if (post.media.length > 1) return `Album of ${post.media.length}`;
    const { kind, file } = post.media[0];
    return `${{ photo: "Photo", video: "Video", gif: "GIF", document: "File" }[kind]} ${file}`;
  }

  const within = (low, value, high) => Math.min(high, Math.max(low, value));
  const shape = (medium) => (medium.width && medium.height ? medium.width / medium.height : 4 / 3);

  /* The rows of a mosaic: of all ways to break the row of pictures, the one whose rows are neither flat nor
     tall and whose whole is about a square. At most ten pictures, so at most 512 ways. */
  function mosaic(shapes) {
    const ratios = shapes.map((ratio) => within(0.66, ratio, 2));
    let best = { cost: Infinity, rows: [] };
    const walk = (start, rows, height, cost) => {
      if (start === ratios.length) {
        const all = cost + (height - 1) ** 2;
        if (all < best.cost - 1e-9) best = { cost: all, rows };
        return;
      }
      let sum = 0;
      for (let end = start; end < Math.min(start + 4, ratios.length); end += 1) {
        sum += ratios[end];
        const row = Array.from({ length: end - start + 1 }, (_, i) => start + i);
        walk(end + 1, [...rows, row], height + 1 / sum, cost + (1 / sum - 0.3) ** 2);
      }
    };
    walk(0, [], 0, 0);
    return best.rows;
  }

  function tile(post, medium, of) {
    const source = path(chat.name, post.directory, medium.file);
    const still = medium.preview ? path(chat.name, post.directory, medium.preview) : null;
    const ratio = within(of > 1 ? 0.66 : 0.6, shape(medium), of > 1 ? 2 : 2.4);
    const moving = medium.kind === "gif";
    const element = make(moving ? "div" : "a", { className: "tile" });
    element.style.aspectRatio = ratio;
    element.style.flexGrow = of > 1 ? 10 * ratio : 1;  // below 1 a row would not be filled
    if (of === 1) {
      element.classList.add("alone");
      element.style.width = medium.width ? `min(100vw, ${Math.max(240, Math.min(medium.width, 544 * ratio))}px)` : "100vw";
    }
    if (moving) {
      gif(element, medium, source, still);
      return element;
    }
    element.href = source;
    element.dataset.message = medium.message;
    element.dataset.kind = medium.kind;
    element.dataset.name = medium.file;
    if (medium.clip) element.dataset.clip = path(chat.name, post.directory, medium.clip);
    const facts = [medium.duration ? clock(medium.duration) : "", medium.silent ? "no sound" : ""];
    const length = medium.kind === "video" ? facts.filter(Boolean).join(" · ") : medium.clip ? "Live" : "";
    const name = `${medium.kind === "video" ? "Play" : "Open"} ${medium.file}`;
    element.setAttribute("aria-label", length ? `${name}, ${length}` : name);
    if (medium.kind === "video" && !still) {
      element.append(make("video", { src: `${source}#t=0.1`, preload: "metadata", muted: true, tabIndex: -1 }));
    } else {
      element.append(picture(element, still ?? source, medium));
    }
    if (medium.kind === "video") {
      element.append(make("span", { className: "play" }));
    }
    if (length) element.append(make("span", { className: "length", textContent: length }));
    element.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      entered = true;
      location.hash = `${encodeURIComponent(chat.name)}/${medium.message}`;
    });
    return element;
  }

  function picture(element, source, medium) {
    const image = make("img", { alt: medium.file, loading: "lazy", decoding: "async" });
    if (medium.width) Object.assign(image, { width: medium.width, height: medium.height });
    image.onerror = () => element.classList.add("missing");
    image.src = source;
    return image;
  }

  /* GIFs loop, but whoever cannot bear motion can stop them, and is not shown any unasked. */
  function gif(element, medium, source, still) {
    const isVideo = medium.mime.startsWith("video/");
    const button = make("button", { type: "button", className: "motion" });
    let shown = null;
    const show = (moves) => {
      const next = isVideo
        ? make("video", { src: source, loop: true, muted: true, playsInline: true, autoplay: moves, preload: "auto" })
        : picture(element, moves || !still ? source : still, medium);
      if (isVideo) next.setAttribute("aria-label", medium.file);
      shown ? shown.replaceWith(next) : element.prepend(next);
      shown = next;
      button.textContent = moves ? "Pause" : "GIF";
      button.setAttribute("aria-label", `${moves ? "Pause" : "Play"} ${medium.file}`);
      button.onclick = () => show(!moves);
    };
    show(!calm.matches);
    if (isVideo || still) element.append(button);
  }

  function fileRow(post, medium) {
    const extension = medium.file.includes(".") ? medium.file.split(".").pop().slice(0, 4) : "file";
    return make("a", { className: "file", href: path(chat.name, post.directory, medium.file), target: "_blank", rel: "noopener" },
      make("span", { className: "mark", ariaHidden: "true", textContent: extension }),
      make("span", { className: "name", textContent: medium.file }),
      make("span", { className: "size", textContent: bytes(medium.size) }));
  }

  function foot(post, when) {
    const element = make("p", { className: "foot" });
    const converted = post.media.filter((medium) => medium.converted).length;
    if (converted) {
      const text = post.media.length > 1 ? `${converted} converted` : "Converted copy";
      element.append(make("span", { className: "badge", textContent: text, title: "Telegram would not have played the original" }));
    }
    const [first, last] = [post.media[0].message, post.media.at(-1).message];
    element.append(
      make("a", { href: path(chat.name, post.directory) + "/", textContent: first === last ? `#${first}` : `#${first}–${last}`, title: "The folder of this post" }),
      make("time", { dateTime: post.posted, textContent: timeOf(when) }));
    return element;
  }

  // ---- The column ------------------------------------------------------------------------------------

  const wanted = () => chat.chunks.filter((chunk) => chunk[filter]);
  const oldest = () => Math.min(...loaded.keys());

  async function showChunk({ number, ...counts }) {
    const name = chat.name;
    const posts = await loadChunk(name, number);
    if (name !== chat.name) return;
    let element = loaded.get(number);
    if (!element) {
      element = make("div", { className: "chunk" });
      const later = [...loaded.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
      feed.insertBefore(element, later === undefined ? null : loaded.get(later));
      loaded.set(number, element);
    }
    const present = new Map([...element.querySelectorAll("article")].map((it) => [it.dataset.directory, it]));
    element.replaceChildren(...posts.map((post) => present.get(post.directory) ?? article(post)));
    seen.set(number, JSON.stringify(counts));
    mark();
  }

  /* Hide what the filter leaves out, and put a heading before the first post of each day. */
  function mark() {
    feed.querySelectorAll(".day").forEach((heading) => heading.remove());
    let day = "";
    for (const post of feed.querySelectorAll("article")) {
      post.hidden = !post.dataset.traits.split(" ").includes(filter);
      if (!post.hidden && post.dataset.day !== day) {
        day = post.dataset.day;
        post.before(make("h2", { className: "day", textContent: day }));
      }
    }
    find("earlier").hidden = !wanted().some((chunk) => chunk.number < oldest());
    const empty = !total(chat, filter);
    find("notice").hidden = !empty;
    find("notice").textContent = total(chat, "posts")
      ? "Nothing of this kind was posted here."
      : `Nothing was posted here yet. Drop an archive into inbox/${chat.name === "default" ? "" : `${chat.name}/`} and it will appear.`;
  }

  /* Put more above without moving what is being looked at. */
  async function showEarlier() {
    const near = () => find("earlier").getBoundingClientRect().bottom > -EARLY;
    for (const chunk of wanted().filter(({ number }) => number < oldest()).reverse()) {
      const below = document.documentElement.scrollHeight - scrollY;
      await showChunk(chunk);
      scrollTo({ top: document.documentElement.scrollHeight - below, behavior: "instant" });
      if (!near()) break;
    }
  }

  async function showFrom(number) {
    for (const chunk of wanted().reverse()) {
      const posts = feed.querySelectorAll("article:not([hidden])").length;
      if (posts >= ENOUGH && chunk.number < number) break;
      if (!loaded.has(chunk.number)) await showChunk(chunk);
    }
    mark();
  }

  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  const nearEnd = () => document.documentElement.scrollHeight - scrollY - innerHeight < AT_END;

  async function enter(name, message) {
    const known = chats.find((entry) => entry.name === name);
    chat = known ?? chats.find((entry) => entry.chunks.length) ?? chats[0];
    loaded = new Map();
    seen = new Map();
    feed.replaceChildren();
    find("latest").hidden = true;
    drawChats();
    await showFrom(message ? Math.floor(message / CHUNK) : Infinity);
    toEnd();
    say(`${chat.name}: ${count(total(chat, filter), "post", "posts")}`);
  }

  function drawChats() {
    find("chats").replaceChildren(...chats.map((entry, place) => {
      const face = make("span", { className: "face", ariaHidden: "true", textContent: entry.name[0].toUpperCase() });
      face.style.setProperty("--hue", (205 + 137.5 * place) % 360);  // neighbours look different
      const link = make("a", { href: `#${encodeURIComponent(entry.name)}` }, face,
        make("span", { className: "name", textContent: entry.name }),
        make("span", { className: "count", textContent: total(entry, "posts").toLocaleString("en") }),
        make("span", { className: "to", textContent: entry.to ? `would go to ${entry.to}` : "no longer configured" }));
      if (entry === chat) link.setAttribute("aria-current", "page");
      return make("li", {}, link);
    }));
    document.querySelector(".side").classList.toggle("single", chats.length === 1);
    document.title = `${chat.name}: Telespool`;
    find("title").textContent = chat.name;
    const facts = [count(total(chat, "posts"), "post", "posts")];
    if (total(chat, "converted")) facts.push(`${total(chat, "converted")} converted`);
    find("subtitle").textContent = facts.join(", ");
  }

  /* New posts appear by themselves while somebody looks. */
  async function lookAgain() {
    if (document.hidden || viewer.open) return;
    const before = JSON.stringify(chats);
    const list = await loadChats();
    if (JSON.stringify(list) === before) return;
    chats = list;
    chat = chats.find((entry) => entry.name === chat.name) ?? chats[0];
    drawChats();
    const follow = nearEnd();
    const start = loaded.size ? oldest() : 0;
    for (const { number, ...counts } of wanted()) {
      if (number >= start && seen.get(number) !== JSON.stringify(counts)) await showChunk({ number, ...counts });
    }
    mark();
    if (follow) toEnd();
    else find("latest").hidden = nearEnd();
  }

  // ---- Large -----------------------------------------------------------------------------------------

  const tiles = () => [...feed.querySelectorAll("a.tile")].filter((element) => element.offsetParent);
  const current = () => tiles().find((element) => element.dataset.message === viewer.dataset.message);

  function enlarge(element) {
    const { message, kind, name, clip } = element.dataset;
    const all = tiles();
    const place = all.indexOf(element);
    viewer.dataset.message = message;
    find("viewer-name").textContent = `#${message}  ${name}`;
    find("viewer-file").href = element.href;
    find("viewer-previous").disabled = place <= 0;
    find("viewer-next").disabled = place >= all.length - 1;
    find("viewer-stage").replaceChildren(kind === "video"
      ? make("video", { src: element.href, controls: true, autoplay: !calm.matches, playsInline: true, ariaLabel: name })
      : make("img", { src: element.href, alt: name }));
    if (clip) live(find("viewer-stage"), clip, name);
    if (!viewer.open) viewer.showModal();
  }

  /* A live photo moves once, and again when it is asked to; unasked only before whoever can bear motion. */
  function live(stage, clip, name) {
    const still = stage.firstElementChild;
    const play = () => {
      const film = make("video", { src: clip, autoplay: true, muted: true, playsInline: true, ariaLabel: name });
      film.onended = film.onerror = () => film.replaceWith(still);
      still.replaceWith(film);
    };
    const button = make("button", { type: "button", className: "motion", textContent: "Live", ariaLabel: `Play ${name}` });
    button.onclick = () => { if (still.isConnected) play(); };
    stage.append(button);
    if (!calm.matches) play();
  }

  function shrink() {
    if (!viewer.open) return;
    const element = current();
    find("viewer-stage").replaceChildren();
    viewer.close();
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  function leave() {
    if (entered) history.back();
    else location.hash = encodeURIComponent(chat.name);
  }

  function step(by) {
    const all = tiles();
    const next = all[all.indexOf(current()) + by];
    if (!next) return;
    history.replaceState(null, "", `#${encodeURIComponent(chat.name)}/${next.dataset.message}`);
    enlarge(next);
  }

  find("viewer-close").onclick = leave;
  find("viewer-previous").onclick = () => step(-1);
  find("viewer-next").onclick = () => step(1);
  find("viewer-stage").onclick = (event) => { if (event.target === event.currentTarget) leave(); };
  viewer.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });

  let touched = null;
  viewer.addEventListener("touchstart", (event) => { touched = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
  viewer.addEventListener("touchend", (event) => {
    if (!touched || event.target.tagName === "VIDEO") return;
    const [x, y] = [event.changedTouches[0].clientX - touched.clientX, event.changedTouches[0].clientY - touched.clientY];
    if (Math.abs(x) > 50 && Math.abs(x) > 2 * Math.abs(y)) step(x > 0 ? -1 : 1);
  }, { passive: true });

  // ---- Beginning -------------------------------------------------------------------------------------

  async function route() {
    const [name, message] = location.hash.slice(1).split("/").map(decodeURIComponent);
    const number = Number(message) || 0;
    if (!chat || (name && name !== chat.name)) await enter(name, number);
    const target = number && tiles().find((element) => element.dataset.message === String(number));
    if (target) {
      if (!viewer.open) target.scrollIntoView({ block: "center" });
      enlarge(target);
    } else {
      shrink();
      entered = false;
    }
  }

  /* One thing at a time: what loads would otherwise put the same posts in twice. */
  function then(action) {
    loading = loading.then(action).catch((error) => console.error(error));
    return loading;
  }

  find("filter").addEventListener("change", (event) => {
    filter = event.target.value;
    then(async () => {
      await showFrom(Infinity);
      toEnd();
      say(count(total(chat, filter), "post", "posts"));
    });
  });
  document.querySelector(".skip").onclick = (event) => { event.preventDefault(); feed.focus(); };
  find("earlier").onclick = () => then(showEarlier);
  find("latest").onclick = () => { find("latest").hidden = true; toEnd(); };
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) then(showEarlier);
  }, { rootMargin: `${EARLY}px` }).observe(find("earlier"));
  addEventListener("hashchange", () => then(route));
  addEventListener("scroll", () => { if (nearEnd()) find("latest").hidden = true; }, { passive: true });
  addEventListener("visibilitychange", () => then(lookAgain));
  setInterval(() => then(lookAgain), LOOK_AGAIN);

  then(async () => {
    try {
      chats = await loadChats();
    } catch {
      find("notice").textContent = "Nothing was posted here yet.";
      find("notice").hidden = false;
      return;
    }
    await route();
    document.body.dataset.ready = "yes";
  });
})();
