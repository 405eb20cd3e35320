"""What VTPass's sandbox sells under each service: one line per product, `code price name`.

Copied from the documentation's product pages (vtpass.com/documentation, mtn-data-api to showmax-api) with the traps
they hold: a code that appears twice with different prices (`mtn-xtratalk-300`), names that contradict the price
(`dstv62`, `mtn-1tb-110000`), an open amount (`ewallet`), a price with kobo (`airt-1500`, as once seen live).
"""

MENUS: dict[str, str] = {
    "mtn-data": """
        mtn-10mb-100 100 N100 100MB - 24 hrs
        mtn-50mb-200 200 N200 200MB - 2 days
        mtn-100mb-1000 1000 N1000 1.5GB - 30 days
        mtn-500mb-2000 2000 N2000 4.5GB - 30 days
        mtn-20hrs-1500 1500 N1500 6GB - 7 days
        mtn-3gb-2500 2500 N2500 6GB - 30 days
        mtn-data-3000 3000 N3000 8GB - 30 days
        mtn-1gb-3500 3500 N3500 10GB - 30 days
        mtn-100hr-5000 5000 N5000 15GB - 30 days
        mtn-3gb-6000 6000 N6000 20GB - 30 days
        mtn-40gb-10000 10000 N10000 40GB - 30 days
        mtn-75gb-15000 15000 N15000 75GB - 30 days
        mtn-110gb-20000 20000 N20000 110GB - 30 days
        mtn-3gb-1500 1500 N1500 3GB - 30 days
        mtn-25gb-sme-10000 10000 N10000 25GB SME Mobile Data
        mtn-165gb-sme-50000 50000 N50000 165GB SME Mobile Data
        mtn-360gb-sme-100000 100000 N100000 360GB SME Mobile Data
        mtn-4-5tb-450000 450000 N450000 4.5TB Mobile Data
        mtn-1tb-110000 100000 N110000 1TB Mobile Data
        mtn-2-5gb-600 600 N600 2.5GB - 2 days
        mtn-120gb-22000 22000 N22000 120GB Monthly
        mtn-100gb-20000 20000 N20000 100GB 2-Month Plan
        mtn-160gb-30000 30000 N30000 160GB 2-Month Plan
        mtn-400gb-50000 50000 N50000 400GB 3-Month Plan
        mtn-600gb-75000 75000 N75000 600GB 3-Months Plan
        mtn-xtratalk-300 300 N300 Xtratalk Weekly Bundle
        mtn-xtratalk-300 200 N200 Xtratalk 3-Day Bundle
        mtn-xtratalk-500 500 N500 Xtratalk Weekly Bundle
        mtn-xtratalk-1000 1000 N1000 Xtratalk Monthly Bundle
        mtn-xtratalk-2000 2000 N2000 Xtratalk Monthly Bundle
        mtn-xtratalk-5000 5000 N5000 Xtratalk Monthly Bundle
        mtn-xtratalk-10000 10000 N10000 Xtratalk Monthly Bundle
        mtn-xtratalk-15000 15000 N15000 Xtratalk Monthly Bundle
        mtn-xtratalk-20000 20000 N20000 Xtratalk Monthly Bundle
        mtn-3gb-800 800 N800 3GB - 2 days
        mtn-7gb-2000 2000 N2000 7GB - 7 days
        mtn-xtradata-200 200 N200 Xtradata
    """,
    "airtel-data": """
        airt-50 50 50 Naira - 25MB - 1 day
        airt-100 100 100 Naira - 75MB - 1 day
        airt-200 200 200 Naira - 200MB - 3 days
        airt-300 300 300 Naira - 350MB - 7 days
        airt-500 500 500 Naira - 750MB - 14 days
        airt-1000 1000 1,000 Naira - 1.5GB - 30 days
        airt-1500 1499.01 1,500 Naira - 3GB - 30 days
        airt-2000 2000 2,000 Naira - 4.5GB - 30 days
        airt-3000 3000 3,000 Naira - 8GB - 30 days
        airt-4000 4000 4,000 Naira - 11GB - 30 days
        airt-5000 5000 5,000 Naira - 15GB - 30 days
        airt-1500-2 1500 1,500 Naira - 6GB - 7 days
        airt-600 600 600 Naira - 1GB - 14 days
        airt-400-1 400 400 Naira - 1GB - 1 day
        airt-800-2 800 800 Naira - 2GB - 2 days
        airt-6000-30 6000 6,000 Naira - 23GB - 30 days
        airt-10000 10000 10,000 Naira - 40GB - 30 days
        airt-15000 15000 15,000 Naira - 75GB - 30 days
        airt-20000 20000 20,000 Naira - 110GB - 30 days
        airt-1000-7 1000 1,000 Naira - 1.5GB - 7 days
        airt-2000-7 2000 2,000 Naira - 7GB - 7 days
        airt-5000-7 5000 5,000 Naira - 25GB - 7 days
    """,
    "glo-data": """
        glo100 100 Glo Data N100 - 105MB - 2 days
        glo200 200 Glo Data N200 - 350MB - 4 days
        glo500 500 Glo Data N500 - 1.05GB - 14 days
        glo1000 1000 Glo Data N1000 - 2.5GB - 30 days
        glo1500 1500 Glo Data N1500 - 4.1GB - 30 days
        glo2000 2000 Glo Data N2000 - 5.8GB - 30 days
        glo2500 2500 Glo Data N2500 - 7.7GB - 30 days
        glo3000 3000 Glo Data N3000 - 10GB - 30 days
        glo4000 4000 Glo Data N4000 - 13.25GB - 30 days
        glo5000 5000 Glo Data N5000 - 18.25GB - 30 days
        glo8000 8000 Glo Data N8000 - 29.5GB - 30 days
        glo10000 10000 Glo Data N10000 - 50GB - 30 days
        glo-daily-50 50 Glo Data N50 - 50MB - 1 day
        glo-daily-100 100 Glo Data N100 - 150MB - 1 day
        glo-2days-200 200 Glo Data N200 - 350MB - 2 days
        glo-2weeks-500 500 Glo Data N500 - 1.35GB - 14 days
        glo-special-300 300 Glo Data N300 - 1GB - special, 1 day
        glo-special-500 500 Glo Data N500 - 2GB - special, 2 days
        glo-dg-70 70 Glo Data (SME) N70 - 200MB - 14 days
        glo-dg-160-14 160 Glo Data (SME) N160 - 500MB - 14 days
        glo-dg-320 320 Glo Data (SME) N320 - 1GB - 30 days
        glo-dg-640 640 Glo Data (SME) N640 - 2GB - 30 days
        glo-dg-960 960 Glo Data (SME) N960 - 3GB - 30 days
        glo-dg-1600 1600 Glo Data (SME) N1600 - 5GB - 30 days
        glo-dg-3100 3100 Glo Data (SME) N3100 - 10GB - 30 days
        glo15000 15000 Glo Data N15,000 - 93GB - 30 days
        glo18000 18000 Glo Data N18,000 - 119GB - 30 days
        glo20000 20000 Glo Data N20,000 - 138GB - 30 days
        glo-monthly-1000 1000 Glo Data N1,000 - 30 days
        glo-monthly-20000 20000 Glo Data N20,000 - 30 days
    """,
    "glo-sme-data": """
        glo-dg-70 70 Glo Data (SME) N70 - 200MB - 14 days
        glo-dg-160-14 160 Glo Data (SME) N160 - 500MB - 14 days
        glo-dg-320 320 Glo Data (SME) N320 - 1GB - 30 days
        glo-dg-640 640 Glo Data (SME) N640 - 2GB - 30 days
        glo-dg-960 960 Glo Data (SME) N960 - 3GB - 30 days
        glo-dg-1600 1600 Glo Data (SME) N1600 - 5GB - 30 days
        glo-dg-3100 3100 Glo Data (SME) N3100 - 10GB - 30 days
    """,
    "etisalat-data": """
        eti-100 100 9mobile Data - 100 Naira - 100MB - 1 day
        eti-200 200 9mobile Data - 200 Naira - 650MB - 1 day
        eti-300 300 9mobile Data - 300 Naira - 1GB - 1 day
        eti-500 500 9mobile Data - 500 Naira - 500MB - 30 days
        eti-1000 1000 9mobile Data - 1000 Naira - 1.5GB - 30 days
        eti-1000 1000 9mobile Data - 1000 Naira - 4GB - 30 days
        eti-2000 2000 9mobile Data - 2000 Naira - 4.5GB - 30 days
        eti-2500 2500 9mobile Data - 2500 Naira - 11GB - 30 days
        eti-5000 5000 9mobile Data - 5000 Naira - 15GB - 30 days
        eti-10000 10000 9mobile Data - 10000 Naira - 40GB - 30 days
        eti-15000 15000 9mobile Data - 15000 Naira - 75GB - 30 days
        eti-1500-7 1500 9mobile Data - 1500 Naira - 7GB - 7 days
        eti-150-1 150 9mobile Data - 150 Naira - 200MB - 1 day
        eti-7000 7000 9mobile Data - 7000 Naira - 3 months
        eti-20000 20000 9mobile Data - 20000 Naira - 75GB - 30 days
        eti-27500 27500 9mobile Data - 27500 Naira - 3 months
        eti-55000 55000 9mobile Data - 55000 Naira - 6 months
        eti-110000 110000 9mobile Data - 110000 Naira - 1 year
    """,
    "dstv": """
        dstv-padi 1850 DStv Padi N1,850
        dstv-yanga 2565 DStv Yanga N2,565
        dstv-confam 4615 DStv Confam N4,615
        dstv79 7900 DStv Compact N7,900
        dstv3 18400 DStv Premium N18,400
        dstv6 6200 DStv Asia N6,200
        dstv7 12400 DStv Compact Plus N12,400
        dstv9 25550 DStv Premium-French N25,550
        dstv10 20500 DStv Premium-Asia N20,500
        confam-extra 7115 DStv Confam + ExtraView N7,115
        yanga-extra 5065 DStv Yanga + ExtraView N5,065
        padi-extra 4350 DStv Padi + ExtraView N4,350
        com-asia 14100 DStv Compact + Asia N14,100
        dstv30 10400 DStv Compact + Extra View N10,400
        com-frenchtouch 10200 DStv Compact + French Touch N10,200
        dstv33 20900 DStv Premium + Extra View N20,900
        dstv40 18600 DStv Compact Plus + Asia N18,600
        dstv45 14900 DStv Compact Plus + Extra View N14,900
        dstv61 23000 DStv Premium + French + Extra View N23,000
        dstv62 28050 DStv Premium + French + Extra View N28,000
        hdpvr-access-service 2500 DStv HDPVR Access Service N2,500
        frenchplus-addon 8100 DStv French Plus Add-on N8,100
        asia-addon 6200 DStv Asian Add-on N6,200
        frenchtouch-addon 2300 DStv French Touch Add-on N2,300
        extraview-access 2500 ExtraView Access N2,500
        french11 3260 DStv French 11 N3,260
        dstv-compact-showmax 17150 DStv Compact + Showmax N17,150
        dstv-premium-wafr-showmax 42000 DStv Premium W/Afr + Showmax N37,000
        dstv-compact-plus-streem 25000 DStv Compact Plus Stream N25,000
        dstv-prestige 850000 DStv Prestige Membership N850,000
        dstv-access-1 2000 DStv Access N2,000
        dstv-family-1 4000 DStv Family N4,000
        dstv-mobile-1 790 DStv Mobile N790
        dstv-box-office 800 DStv Box Office N800
        com-frenchtouch-extra 12700 DStv Compact + French Touch + ExtraView N12,700
        com-asia-extra 16600 DStv Compact + Asia + ExtraView N16,600
        dstv43 20500 DStv Compact Plus + French Plus N20,500
        complus-frenchtouch 14700 DStv Compact Plus + French Touch N14,700
        complus-french-extraview 23000 DStv Compact Plus + French Plus + ExtraView N23,000
        dstv47 16000 DStv Compact + French Plus N16,000
        dstv48 21100 DStv Compact Plus + Asia + ExtraView N21,100
        dstv80 12400 DStv Compact Plus N12,400
        dstv-yanga-showmax 6550 DStv Yanga + Showmax N6,550
        dstv-greatwall-showmax 6625 DStv Great Wall + Showmax N6,625
        dstv-compact-plus-showmax 26450 DStv Compact Plus + Showmax N26,450
        dstv-confam-showmax 10750 DStv Confam + Showmax N10,750
        dstv-padi-showmax 7100 DStv Padi + Showmax N7,100
        dstv-premium-asia-showmax 57500 DStv Premium + Asia + Showmax N57,500
        dstv-asia-showmax 15900 DStv Asia + Showmax N15,900
        dstv-premium-french-showmax 57500 DStv Premium + French + Showmax N57,500
        dstv-premium-showmax 37000 DStv Premium + Showmax N37,000
        dstv-premium-str 37000 DStv Premium Streaming N37,000
        dstv-yanga-stream 5100 DStv Yanga Stream N5,100
        dstv-compact-stream 15700 DStv Compact Stream N15,700
        dstv-confam-stream 9300 DStv Confam Stream N9,300
        dstv-indian 12400 DStv Indian N12,400
        dstv-premium-indian 16530 DStv Premium + Indian N16,530
        dstv-fta-plus 1600 DStv FTA Plus N1,600
        dstv-premium-hd 39000 DStv Premium HD N39,000
        dstv-indian-add-on 12400 DStv Indian Add-on N12,400
        dstv-movie-bundle-add-on 2500 DStv Movie Bundle Add-on N2,500
        dstv-pvr-access 4000 DStv PVR Access N4,000
        showmax3500 3500 Showmax Standalone N3,500
        dstv-prestige-850 850000 DStv Prestige N850,000
        dstv-complus-frch-xtra 39000 DStv Compact Plus + French + Xtra N39,000
        dstv-complus-frch 34000 DStv Compact Plus + French N34,000
        dstv-box-office-premier 1100 DStv Box Office Premier N1,100
    """,
    "gotv": """
        gotv-lite 410 GOtv Lite N410
        gotv-jinja 1640 GOtv Jinja N1,640
        gotv-jolli 2460 GOtv Jolli N2,460
        gotv-max 3600 GOtv Max N3,600
        gotv-lite-3months 1080 GOtv Lite (3 Months) N1,080
        gotv-lite-1year 3180 GOtv Lite (1 Year) N3,180
        gotv-supa-plus 15700 GOtv Supa Plus N15,700
    """,
    "startimes": """
        nova 900 Nova - 900 Naira - 1 Month
        basic 1700 Basic - 1,700 Naira - 1 Month
        smart 2200 Smart - 2,200 Naira - 1 Month
        classic 2500 Classic - 2,500 Naira - 1 Month
        super 4200 Super - 4,200 Naira - 1 Month
        nova-weekly 300 Nova - 300 Naira - 1 Week
        basic-weekly 600 Basic - 600 Naira - 1 Week
        smart-weekly 700 Smart - 700 Naira - 1 Week
        classic-weekly 1200 Classic - 1,200 Naira - 1 Week
        super-weekly 1500 Super - 1,500 Naira - 1 Week
        nova-daily 90 Nova - 90 Naira - 1 Day
        basic-daily 160 Basic - 160 Naira - 1 Day
        smart-daily 200 Smart - 200 Naira - 1 Day
        classic-daily 320 Classic - 320 Naira - 1 Day
        super-daily 400 Super - 400 Naira - 1 Day
        ewallet 0 ewallet Amount
        uni-1 19000 Chinese (Dish) - 19,000 Naira - 1 Month
        special-monthly 6800 Special (Dish) - 6,800 Naira - 1 Month
        special-weekly 2300 Special (Dish) - 2,300 Naira - 1 Week
        uni-2 1900 Chinese (Dish) - 1,900 Naira - 1 Week
        nova-dish-weekly 650 Nova (Dish) - 650 Naira - 1 Week
        super-antenna-weekly 3000 Super (Antenna) - 3,000 Naira - 1 Week
        super-antenna-monthly 8800 Super (Antenna) - 8,800 Naira - 1 Month
        global-monthly-dish 19000 Global (Dish) - 19,000 Naira - 1 Month
        global-weekly-dish 6500 Global (Dish) - 6,500 Naira - 1 Week
    """,
    "showmax": """
        full_3 8400 Full - N8,400 - 3 Months
        mobile_only_3 3800 Mobile Only - N3,800 - 3 Months
        sports_mobile_only_3 12000 Sports Mobile Only - N12,000 - 3 Months
        sports-only-1 3200 Sports Only - N3,200 - 1 Month
        sports-only-3 9600 Sports Only - N9,600 - 3 Months
        full-sports-mobile-only-3 16200 Full Sports Mobile Only - N16,200 - 3 Months
        mobile-only-6 6700 Mobile Only - N6,700 - 6 Months
        full-only-6 14700 Full - N14,700 - 6 Months
        sports-only-6 18200 Sports Only - N18,200 - 6 Months
        full-sports-mobile-only-6 32400 Full Sports Mobile Only - N32,400 - 6 Months
        sports-mobile-only-6 24000 Sports Mobile Only - N24,000 - 6 Months
    """,
}
