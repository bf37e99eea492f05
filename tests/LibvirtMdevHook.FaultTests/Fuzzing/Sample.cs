using System.Collections.Immutable;
using System.Text;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>An input in pieces, so that a failing one can be made smaller piece by piece.</summary>
internal sealed record Sample(ImmutableArray<string> Pieces, Form Form)
{
    private const int Shown = 2000;

    private string Text => string.Concat(Pieces);

    public byte[] Bytes() => Form switch
    {
        Form.ByteOrderMark => [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(Text)],
        Form.Utf16 => [0xff, 0xfe, .. Encoding.Unicode.GetBytes(Text)],
        Form.BigEndian => Encoding.BigEndianUnicode.GetBytes(Text),
        Form.Latin1 => Encoding.Latin1.GetBytes(Text),
        Form.Torn => Encoding.UTF8.GetBytes(Text)[..(Encoding.UTF8.GetByteCount(Text) / 2)],
        _ => Encoding.UTF8.GetBytes(Text),
    };

    /// <summary>Smaller samples, the smallest first.</summary>
    public IEnumerable<Sample> Smaller()
    {
        if (Form != Form.Utf8)
            yield return this with { Form = Form.Utf8 };
        for (var part = Pieces.Length; part >= 1; part /= 2)
        {
            for (var at = 0; at < Pieces.Length; at += part)
                yield return this with { Pieces = Pieces.RemoveRange(at, Math.Min(part, Pieces.Length - at)) };
        }

        for (var at = 0; at < Pieces.Length; at++)
        {
            if (Pieces[at].Length > 1)
            {
                yield return this with { Pieces = Pieces.SetItem(at, Pieces[at][(Pieces[at].Length / 2)..]) };
                yield return this with { Pieces = Pieces.SetItem(at, Pieces[at][..(Pieces[at].Length / 2)]) };
            }
        }
    }

    public override string ToString() => $"{Form}: {(Text.Length <= Shown ? Text : $"{Text[..Shown]}... ({Text.Length} characters)")}";
}

/// <summary>How a text becomes bytes.</summary>
internal enum Form
{
    Utf8,
    ByteOrderMark,
    Utf16,
    BigEndian,
    Latin1,
    Torn,
}
