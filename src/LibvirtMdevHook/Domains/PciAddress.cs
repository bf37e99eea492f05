using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// A PCI address as sysfs and libvirt write it: <c>0000:86:00.0</c>, lower case. The domain has more than four digits where a controller
/// makes domains of its own, as VMD does (<c>10000:e1:00.4</c>); libvirt takes 32 bits of it.
/// </summary>
internal readonly record struct PciAddress(uint Domain, byte Bus, byte Slot, byte Function)
{
    public const string Expected = "a PCI address such as '0000:86:00.4'";

    public SysfsName Name => SysfsName.Parse(ToString());

    /// <summary>Bus, device and function in one number, as the SR-IOV capability counts VFs.</summary>
    public int RoutingId => (Bus << 8) | (Slot << 3) | Function;

    public static bool TryParse(string? text, out PciAddress address)
    {
        address = default;
        if (text is not { Length: >= 12 and <= 16 })
            return false;
        var digits = text.AsSpan(0, text.Length - 8);
        var rest = text.AsSpan(text.Length - 8);
        if (rest[0] != ':' || rest[3] != ':' || rest[6] != '.')
            return false;
        if (!Hex(digits, uint.MaxValue, out var domain) || !Hex(rest[1..3], 0xff, out var bus)
            || !Hex(rest[4..6], 0x1f, out var slot) || !Hex(rest[7..], 7, out var function))
            return false;
        address = new PciAddress(domain, (byte)bus, (byte)slot, (byte)function);
        return true;
    }

    /// <summary>The four attributes of libvirt's &lt;address&gt; (<c>0x0000</c>, <c>0x86</c>, ...).</summary>
    public static bool TryParse(string? domain, string? bus, string? slot, string? function, [NotNullWhen(true)] out PciAddress? address)
    {
        address = Prefixed(domain ?? "0", uint.MaxValue) is { } d && Prefixed(bus, 0xff) is { } b
            && Prefixed(slot, 0x1f) is { } s && Prefixed(function ?? "0", 7) is { } f
            ? new PciAddress(d, (byte)b, (byte)s, (byte)f)
            : null;
        return address is not null;
    }

    public override string ToString() => $"{Domain:x4}:{Bus:x2}:{Slot:x2}.{Function:x}";

    private static uint? Prefixed(string? text, uint maximum)
    {
        if (text is null)
            return null;
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var good = isHex
            ? Hex(text.AsSpan(2), maximum, out var value)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= maximum;
        return good ? value : null;
    }

    private static bool Hex(ReadOnlySpan<char> text, uint maximum, out uint value) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value <= maximum;
}
