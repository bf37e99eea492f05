using System.Collections.Immutable;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// A value of the configuration: a text, a number or a list. The properties of the other kinds are
/// null.
/// </summary>
internal sealed record SettingValue
{
    public string? Text { get; init; }

    public double? Number { get; init; }

    public ImmutableArray<SettingValue>? Items { get; init; }

    /// <returns>The texts of the list; null for a value that is no list of texts.</returns>
    public ImmutableArray<string>? Texts()
    {
        if (Items is not { } items)
            return null;
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in items)
        {
            if (item.Text is not { } text)
                return null;
            texts.Add(text);
        }

        return texts.ToImmutable();
    }
}
