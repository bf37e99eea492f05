using System.Globalization;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>The VFs of a PF.</summary>
/// <param name="Count">How many VFs the PF has when they are enabled.</param>
/// <param name="Enabled">They are enabled from the start.</param>
/// <param name="Driver">Their driver; none if null.</param>
/// <param name="Unbound">How many of them, counted from the last, have no driver.</param>
/// <param name="List">How creatable_vgpu_types is written.</param>
internal sealed record VfsDescription(int Count, bool Enabled, string? Driver, int Unbound, ListFormat List)
{
    /// <summary>The function of the first VF, on the bus of the PF.</summary>
    public const int Offset = 4;

    /// <returns>The PCI address of a VF, by its number.</returns>
    public static string AddressOf(string pf, int number)
    {
        var slot = int.Parse(pf[^4..^2], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var at = (slot << 3) + (pf[^1] - '0') + Offset + number;
        return $"{pf[..^4]}{at >> 3:x2}.{at & 7}";
    }
}

/// <summary>The forms in which drivers write creatable_vgpu_types.</summary>
internal enum ListFormat
{
    /// <summary>A header, then number, colon, name; the header stays when the list is empty.</summary>
    Header,

    /// <summary>The same without a header.</summary>
    Plain,

    /// <summary>Name, blanks, number.</summary>
    NameFirst,
}
