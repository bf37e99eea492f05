using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// A PCI address as sysfs and libvirt write it, in lower case: <c>0000:86:00.0</c>. A controller
/// that makes its own PCI domains, such as VMD, numbers them with more than four digits
/// (<c>10000:e1:00.4</c>); libvirt takes 32 bits.
/// </summary>
internal readonly record struct PciAddress(uint Domain, byte Bus, byte Slot, byte Function)
{
    public const string Expected = "a PCI address such as '0000:86:00.4'";

    private const uint MaximumBus = 0xff;
    private const uint MaximumSlot = 0x1f;
    private const uint MaximumFunction = 7;

    public SysfsName Name => SysfsName.Parse(ToString());

    /// <summary>
    /// Bus, device and function as one number, by which the SR-IOV capability counts VFs.
    /// </summary>
    public int RoutingId => (Bus << 8) | (Slot << 3) | Function;

    public static bool TryParse(string? text, out PciAddress address)
    {
        address = default;
        if (text is not { Length: >= 12 and <= 16 })
            return false;
        const int restLength = 8; // ":86:00.0"
        var digits = text.AsSpan(0, text.Length - restLength);
        var rest = text.AsSpan(text.Length - restLength);
        if (rest[0] != ':' || rest[3] != ':' || rest[6] != '.')
            return false;
        if (!Hex(digits, uint.MaxValue, out var domain)
            || !Hex(rest[1..3], MaximumBus, out var bus)
            || !Hex(rest[4..6], MaximumSlot, out var slot)
            || !Hex(rest[7..], MaximumFunction, out var function))
            return false;
        address = new PciAddress(domain, (byte)bus, (byte)slot, (byte)function);
        return true;
    }

    /// <summary>
    /// Parses the four attributes of libvirt's &lt;address&gt; (<c>0x0000</c>, <c>0x86</c>, ...).
    /// People may leave out a domain or function of 0.
    /// </summary>
    public static bool TryParse(string? domain, string? bus, string? slot, string? function, [NotNullWhen(true)] out PciAddress? address)
    {
        address = null;
        if (Prefixed(domain ?? "0", uint.MaxValue) is not { } domainNumber
            || Prefixed(bus, MaximumBus) is not { } busNumber
            || Prefixed(slot, MaximumSlot) is not { } slotNumber
            || Prefixed(function ?? "0", MaximumFunction) is not { } functionNumber)
            return false;
        address = new PciAddress(domainNumber, (byte)busNumber, (byte)slotNumber, (byte)functionNumber);
        return true;
    }

    public override string ToString() => $"{Domain:x4}:{Bus:x2}:{Slot:x2}.{Function:x}";

    /// <summary>
    /// Parses a hexadecimal number with the prefix 0x, or a decimal one without it.
    /// </summary>
    private static uint? Prefixed(string? text, uint maximum)
    {
        if (text is null)
            return null;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return Hex(text.AsSpan(2), maximum, out var hex) ? hex : null;
        var isNumber = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return isNumber && number <= maximum ? number : null;
    }

    private static bool Hex(ReadOnlySpan<char> text, uint maximum, out uint value) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value <= maximum;
}
