using System.Collections.Immutable;
using System.Text;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>
/// Makes inputs from a seed: valid ones, and valid ones with pieces that are missing, repeated, nested, grown, or taken from elsewhere.
/// </summary>
internal static class Samples
{
    public const string Uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    public const string First = "6a2f1c3e-0000-4000-8000-000000000001";
    private const string Second = "6A2F1C3E00004000800000000000000F";
    private const string Namespace = "urn:libvirt-mdev-hook:1";

    private static readonly string[] Odd =
    [
        "<", ">", "/>", "</", "<!--", "-->", "<![CDATA[", "]]>", "<?xml version='1.1'?>", "<?pi '?>", "&", "&lt;", "&#0;", "&#x110000;",
        "&#xd800;", "&a;", "<!DOCTYPE domain [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>",
        "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>", "\0", "\u0001", "\u001b[31m", "\r", "\r\n", "\n", "\t", "\u0085", "\u2028",
        "\ufeff", "\uffff", "\ud83d\ude00", "\ud800", "\u00e9", "'", "\"", "=", " ", ":", ",", ";", "../..", "/etc/passwd", "..", ".", "~",
        "%s%n", "$(reboot)", "-1", "0", "99999999999999999999", "0x", "1e9", "^", "-", "[", "]", "#", "<x:x:x/>", "<x:y xmlns:x='u'>",
        "</x:y>", "xmlns='urn:other' ", "xmlns:mdev='urn:other' ", "xmlns:xml='u' ", "<metadata>", "</metadata>", "<domain>", "</domain>",
        "<mdev:hostdev/>", "<hostdevs xmlns='urn:libvirt-mdev-hook:1'/>", "<mdev:hostdevs xmlns:mdev='urn:libvirt-mdev-hook:2'/>",
        "version='2' ", "nvidia/current_vgpu_type", "remove", "vgpu_type_id", "0000:86:00.0",
    ];

    /// <summary>Words of the inputs, for a fuzzer that changes bytes.</summary>
    public static ImmutableArray<byte[]> Words { get; } =
    [
        .. Odd.Concat(Domain()).Concat(Record()).Concat(Settings()).Where(word => word.Length < 80).Distinct()
            .Select(Encoding.UTF8.GetBytes),
    ];

    public static Sample Of(ImmutableArray<string> valid, int seed)
    {
        var random = new Random(seed);
        var pieces = valid.ToList();
        for (var change = random.Next(6); change > 0 && pieces.Count > 0; change--)
            Change(pieces, random);
        return new Sample([.. pieces], random.Next(5) == 0 ? (Form)random.Next(Enum.GetValues<Form>().Length) : Form.Utf8);
    }

    /// <summary>Random bytes.</summary>
    public static byte[] Noise(int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[random.Next(3000)];
        random.NextBytes(bytes);
        return bytes;
    }

    public static ImmutableArray<string> Domain() =>
    [
        "<domain type='kvm' id='1' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>", "\n", "<name>win10</name>",
        $"<uuid>{Uuid}</uuid>", "<metadata>", "<app:x xmlns:app='urn:app' a='>'>", "<app:y/>", "</app:x>", "<o:o:x xmlns:o='urn:other'/>",
        $"<mdev:hostdevs xmlns:mdev='{Namespace}' ", "placement='depth-first' ", "gpu='same' ", "numa='prefer'", ">",
        "<mdev:hostdev ", $"uuid='{First}' ", "type='GRID M60-4Q' ", "parent='0000:86:00.0 mtty' ", "args='a=1'", ">",
        "<mdev:attr name='nvidia/vgpu_params' value='frame_rate_limiter=0'/>", "</mdev:hostdev>",
        $"<mdev:hostdev uuid=\"{Second}\" type=\"nvidia-18\"/>", "<mdev:hostdev address='0000:3b:00.4' type='558'/>", "</mdev:hostdevs>",
        "</metadata>", "<vcpu cpuset='0-3,^2'>4</vcpu>", "<numatune><memory nodeset='0-1'/></numatune>", "<devices>",
        $"<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='{First}'/></source></hostdev>",
        "<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + "<address domain='0x0000' bus='0x3b' slot='0x00' function='0x4'/></source></hostdev>",
        "</devices>", "<seclabel type='dynamic' model='dac'><label>+64055:+64055</label></seclabel>",
        "<qemu:commandline>", "<qemu:arg value='vfio-pci,sysfsdev=/sys/bus/mdev/devices/6a2f1c3e-0000-4000-8000-00000000000f'/>",
        "</qemu:commandline>", "</domain>",
    ];

    public static ImmutableArray<string> Record() =>
    [
        "<record ", "version='1' ", $"boot='{Boot}' ", "generation='42' ", "phase='started'", ">", "<domain>", "<name>win10</name>",
        $"<uuid>{Uuid}</uuid>", "</domain>", "<device ", "stage='online' ", "dialect='mdev' ", "handover='hostdev' ", "inode='4711'", ">",
        $"<name>{First}</name>", "<parent>0000:86:00.0</parent>", "<gpu>0000:86:00.0</gpu>",
        "<type id='nvidia-18' name='GRID M60-2Q' framebuffer='2048M'/>", "<attr name='nvidia/vgpu_params' value='a=1'/>",
        "<args>a=1</args>", "<node uid='0' gid='0'/>", "</device>", "</record>",
    ];

    public static ImmutableArray<string> Settings() =>
    [
        "# comment", "\n", "placement = \"depth-first\"", "\n", "numa = \"ignore\"", "\n",
        "excluded_parents = [ \"0000:86:00.0\", \"mtty\" ]", "\n", "allowed_attributes = [\"a/b\"]", "\n", "prepare_deadline = 60", "\n",
        "release_deadline = 0.4", "\n", "log_level = \"warn\"", "\n", "log_file = \"/var/log/x\"", "\n", "removal_grace = 10", "\n",
        "excluded_parents = [", "\n", "'mdpy'", ",", "# comment", "\n", "\"\"\"css_0_0_0023\"\"\"", ",", "]", " # comment", "\n",
        "start_deadline\t=\t5", ";", "held_wait = +60", "\r\n",
    ];

    public static ImmutableArray<string> Table() =>
    [
        "# vgpu_type_id, vgpu_type, max_instance,", "\n", "num_heads, frl_config, framebuffer, max_resolution", "\n", "11", ",",
        "\"GRID M60-0B\"", ",", "16", ",", "2", ",", "45", ",", "512M", ",", "2560x1600", "\n", "17", ",", "\"GRID, M60-4Q\"", ",",
        "2,4,60,4096M,4096x2160", "\n",
    ];

    public static ImmutableArray<string> VfList() =>
        ["ID    : vGPU Name", "\n", "1145", "  : ", "NVIDIA L40S-1B", "\n", "NVIDIA A40-2Q", "    ", "558", "\n", "NVIDIA A40-4Q", "\t",
            "559", "\n"];

    public static ImmutableArray<string> TypeFiles() =>
        ["GRID M60-4Q", "\n", "\0", "num_heads=4, ", "framebuffer=4096M, ", "max_instance=4", "\n", "\0", "4", "\n", "\0", "vfio-pci",
            "\n"];

    public static ImmutableArray<string> Request()
    {
        const string Name = "win10", Xml = "<domain/>";
        return ["prepare", " ", "60000", " ", Uuid, " ", $"{Name.Length}", " ", $"{Xml.Length}",
            new string(' ', 128 - $"prepare 60000 {Uuid} {Name.Length} {Xml.Length}".Length), Name, Xml];
    }

    public const string Boot = "11111111-2222-3333-4444-555555555555";

    private static void Change(List<string> pieces, Random random)
    {
        var at = random.Next(pieces.Count);
        switch (random.Next(9))
        {
            case 0:
                pieces.RemoveAt(at);
                break;
            case 1:
                pieces.Insert(random.Next(pieces.Count), pieces[at]);
                break;
            case 2:
                pieces.InsertRange(at, Enumerable.Repeat(pieces[at], random.Next(1, 300)));
                break;
            case 3:
                (pieces[at], pieces[0]) = (pieces[0], pieces[at]);
                break;
            case 4:
                pieces[at] = pieces[at].Insert(random.Next(pieces[at].Length + 1),
                    new string("a 0<'\t"[random.Next(6)], random.Next(5000)));
                break;
            case 5:
                pieces[at] = pieces[at][..random.Next(pieces[at].Length + 1)];
                break;
            case 6:
                pieces[at] = Replaced(pieces[at], Odd[random.Next(Odd.Length)], random);
                break;
            default:
                pieces.Insert(at, Odd[random.Next(Odd.Length)]);
                break;
        }
    }

    /// <summary>Another value between quotes, or another text anywhere.</summary>
    private static string Replaced(string piece, string by, Random random)
    {
        var open = piece.IndexOf('\'', StringComparison.Ordinal);
        var close = open < 0 ? -1 : piece.IndexOf('\'', open + 1);
        return close > 0 ? piece[..(open + 1)] + by + piece[close..] : piece.Insert(random.Next(piece.Length + 1), by);
    }
}
