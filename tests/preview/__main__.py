"""Makes each document from invented data that is as long as people write, and renders it to PNG in build/preview/.

It wants soffice (LibreOffice) and pdftoppm (poppler-utils): `make preview` installs them where it may.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from backend.config_files import default_config_folder, load_rubric
from backend.documents import rendering
from backend.documents.contents import (
    ApplicationForm,
    AwardedLine,
    DiscrepancyLine,
    GroupLines,
    IndicatorLine,
    IndicatorScores,
    InspectionReport,
    ItemScores,
    Opinion,
    PhotoLine,
    PublicationDocument,
    RecommendationListDocument,
    RecommendedSchool,
    RubricDocument,
    RubricGroup,
    RubricIndicator,
    RubricItem,
    RulingLine,
    SelfAssessmentForm,
    SignatureLine,
    Stamp,
)
from inspection.rules.points import as_number
from tests.documents import HOSTILE
from tests.scenes import scene

FOLDER = Path(__file__).parents[2] / "build/preview"
STAMP = Stamp("ACEF3479HJKM", datetime(2022, 8, 15, 2, tzinfo=UTC), "https://zhiping.example.cn/verify")
RUBRIC = load_rubric(default_config_folder(), "taizhou-2022")
SCHOOL = "泰州市海陵区实验小学教育集团（城东校区）"
GRADES = ("示范型", "优秀型", "合格型")
LINES = "\n".join(f"{number}. 以数据驱动精准教学，建成智慧教室 12 间，经验在全市推广。" for number in range(1, 21))

NOTES = {"校园网络": "全网支持 IPv6，无线覆盖教学区", "大数据分析": "与区级平台对接，数据每日更新，已形成学情周报"}
INDICATORS = [indicator.name for group in RUBRIC.groups for indicator in group.indicators]
# Twenty lines of what must come out as it was typed.
ODD = "\n".join(f"{number}. {' '.join(HOSTILE[number % len(HOSTILE)].split())[:60]}" for number in range(1, 21))


def main() -> int:
    """Writes all documents, and their pages as pictures; 2 where the programs for that are missing."""
    missing = [name for name in ("soffice", "pdftoppm") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(f"缺少 {'、'.join(missing)}，请安装 libreoffice-writer-nogui、poppler-utils 后重试\n")
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, (content, pictures) in documents().items():
        (FOLDER / f"{name}.docx").write_bytes(rendering.docx(content, STAMP, pictures))
    files = sorted(FOLDER.glob("*.docx"))
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "pdf", "--outdir", FOLDER, *files],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    for file in files:
        pdf = file.with_suffix(".pdf")
        subprocess.run(["pdftoppm", "-r", "80", "-png", pdf, file.with_suffix("")], check=True, timeout=120)
        pdf.unlink()
    sys.stdout.write("\n".join(str(each) for each in sorted(FOLDER.glob("*.png"))) + "\n")
    return 0


def documents() -> Mapping[str, tuple[Any, Mapping[str, bytes]]]:
    """Each document by a name for its file, with its pictures."""
    return {
        "1-rubric": (rubric(), {}),
        "2-application": (application("数据驱动的课堂：教师据学情推送资源，学生分层练习。", "优秀型"), {}),
        "2-application-blank": (blank(), {}),
        "2-application-long": (application(LINES, "示范型"), {}),
        "2-application-odd": (application(ODD, "示范型"), {}),
        "3-self-assessment": (self_assessment(NOTES), {}),
        "3-self-assessment-odd": (self_assessment(dict.fromkeys(INDICATORS, ODD[:80])), {}),
        "4-recommendation-list": (recommendation_list(), {}),
        "5-inspection-report": report(),
        "6-publication": (publication(), {}),
    }


def application(highlights: str, applied: str) -> ApplicationForm:
    """附件2 with both opinions."""
    district = Opinion("该校基础环境扎实，应用成效明显，同意推荐参加市级评估验收。", "2022-08-20")
    opinions = {"district": district, "city": Opinion("同意认定。", "2022-10-10")}
    phones = ("0523-86881234", "13800000001")
    return ApplicationForm(
        SCHOOL, phones[0], "陈校长", phones[1], 48, 2100, 132, GRADES, applied, highlights, "2022-08-15", opinions
    )


def blank() -> ApplicationForm:
    """附件2 before anything is filled in."""
    opinions = {"district": Opinion(None, None), "city": Opinion(None, None)}
    return ApplicationForm("海陵小学", None, None, None, None, None, None, GRADES, None, None, None, opinions)


def self_assessment(notes: Mapping[str, str]) -> SelfAssessmentForm:
    """附件3 with notes by the names of indicators."""
    groups = tuple(
        GroupLines(
            group.name,
            as_number(group.points),
            tuple(
                IndicatorLine(each.name, as_number(each.points), as_number(each.points - 50), notes.get(each.name))
                for each in group.indicators
            ),
        )
        for group in RUBRIC.groups
    )
    return SelfAssessmentForm("海陵区", SCHOOL, groups, 98.5, "2022-08-15")


def rubric() -> RubricDocument:
    """附件1."""
    groups = tuple(
        RubricGroup(
            group.name,
            as_number(group.points),
            tuple(
                RubricIndicator(
                    each.name,
                    as_number(each.points),
                    tuple(RubricItem(item.text, as_number(item.points)) for item in each.items),
                )
                for each in group.indicators
            ),
        )
        for group in RUBRIC.groups
    )
    return RubricDocument("泰州市中小学智慧校园建设评估细则", "(2022版)", RUBRIC.sha256, groups, RUBRIC.note)


def recommendation_list() -> RecommendationListDocument:
    """附件4 of some twenty schools, on two pages."""
    schools = tuple(
        RecommendedSchool(
            SCHOOL if number == 1 else f"海陵区第{number}小学",
            f"周老师{number}",
            f"139{number:08}",
            GRADES[number % 3].removesuffix("型"),
            as_number(8800 + 50 * number),
            "以数据驱动精准教学，建成智慧教室 12 间，经验在全市推广。" * (1 + number % 3),
        )
        for number in range(1, 19)
    )
    return RecommendationListDocument("海陵区", "王科长", "0523-86880001", schools, "2022-08-30")


def report() -> tuple[InspectionReport, Mapping[str, bytes]]:
    """The report of a school with differences, rulings, photos and signatures."""
    pictures = {str(number) * 64: _photo(number) for number in range(1, 6)} | {"a" * 64: _signature()}
    indicators = tuple(
        IndicatorScores(
            each.name,
            as_number(each.points),
            as_number(each.points),
            as_number(each.points - 50),
            as_number(each.points - 50),
            tuple(
                ItemScores(
                    item.code,
                    item.text,
                    as_number(item.points),
                    as_number(item.points),
                    as_number(item.points - 50) if number == 0 else None,
                    as_number(item.points - 50) if number == 0 else as_number(item.points),
                    tuple("▲" for clause in item.clauses if clause.name == "demonstration"),
                )
                for number, item in enumerate(each.items)
            ),
        )
        for group in RUBRIC.groups
        for each in group.indicators
    )
    content = InspectionReport(
        title="2022年泰州市智慧校园创建现场评估报告",
        school=SCHOOL,
        district="海陵区",
        stages="小学、初中",
        applied="示范型",
        visited="2022-09-06 上午",
        team="张专家（组长）、李专家、王专家",
        with_district=True,
        total=110,
        agreed_total=98.5,
        result="认定为优秀型",
        indicators=indicators,
        discrepancies=(
            DiscrepancyLine("1.1.5", "要求未达到", 0.5, True, "维持", "我校物联网空间已于 9 月启用，附照片两张。"),
            DiscrepancyLine("1.2.3", "自评偏高", 0.5, False, "学校未说明", None),
        ),
        rulings=(
            RulingLine("1.1.5", 0.5, ("▲ 未达到",), "现场未见常态使用的记录。", "组长 张专家", "2022-09-06 11:20"),
        ),
        photos=(
            *(PhotoLine("1.1.5", f"2022-09-06 10:0{each}", "李专家", str(each) * 64, None) for each in range(1, 6)),
            PhotoLine("1.3.1", "2022-09-06 10:40", "王专家", None, "手机遗失"),
        ),
        signatures=(
            SignatureLine("张专家", "组长", "2022-09-06 11:30"),
            SignatureLine("李专家", "评估专家", "2022-09-06 11:28"),
            SignatureLine("王专家", "评估专家", "2022-09-06 11:29"),
            SignatureLine("陈校长", "学校代表（校长）", "2022-09-06 11:45", sha256="a" * 64),
        ),
    )
    return content, pictures


def publication() -> PublicationDocument:
    """The list of sixty awarded schools."""
    places = [(grade, number) for grade, count in zip(GRADES, (8, 16, 36), strict=True) for number in range(count)]
    districts = ("海陵区", "姜堰区", "兴化市", "靖江市")
    schools = tuple(
        AwardedLine(districts[number % 4], f"{districts[number % 4]}第{number + 1}实验学校", grade)
        for grade, number in places
    )
    return PublicationDocument(
        "2022年泰州市智慧校园创建评估结果", "2022年泰州市智慧校园创建", 1, None, "2022-10-10", schools, "3f" * 32
    )


def _photo(seed: int) -> bytes:
    file = BytesIO()
    scene(seed, size=(320, 240)).save(file, "JPEG")
    return file.getvalue()


def _signature() -> bytes:
    picture, file = Image.new("RGB", (400, 160), "white"), BytesIO()
    draw = ImageDraw.Draw(picture)
    draw.line([(30, 110), (90, 40), (120, 120), (180, 50), (230, 120), (330, 60), (370, 100)], (20, 20, 90), 7)
    picture.save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
