"""axe-core on the city's pages of cycle, people, decisions and publication, light and dark: nothing serious."""

from tests.browser.console.conftest import Office


async def test_the_city_s_pages_are_accessible(office: Office) -> None:
    await office.fill()
    desk = await office.desk(office.world.city)
    found = list[str]()
    for name, path, words in (
        ("cycle", "/cycle", "未上报"),
        ("imports", "/imports", "先选文件"),
        ("people", "/people", "王科长"),
        ("person", f"/people/{office.world.officer.person.id}", "登录中的设备"),
        ("invitations", "/invitations", "没有这样的邀请码"),
        ("audit", "/audit", "登记学校"),
        ("outbox", "/outbox", "获得推荐"),
        ("decisions", "/decisions", "没有符合条件的学校"),
        ("publication", "/publication", "还没有公示"),
    ):
        await desk.go(path)
        await desk.page.locator("main").get_by_text(words).first.wait_for()
        found += await desk.looks(name)
    assert found == []
