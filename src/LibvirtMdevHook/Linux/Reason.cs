using System.Diagnostics.CodeAnalysis;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// Why something was not done, or cannot be done. A method that returns <c>Reason?</c> returns null
/// when it has done what its name says.
/// </summary>
/// <param name="Text">
/// The rest of a sentence behind a colon, without the subject's name in front and without a full
/// stop: <c>no instance is left</c>.
/// </param>
internal sealed record Reason(string Text)
{
    /// <summary>
    /// The error of the system call that failed; <see cref="Errno.None"/> when it is another
    /// reason.
    /// </summary>
    public Errno Error { get; init; }

    /// <param name="what">What failed, to which the error is added in words.</param>
    public static Reason Of(string what, Errno error) => new($"{what}: {error.InWords}") { Error = error };

    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator Reason?(string? text) => text is null ? null : new Reason(text);

    public override string ToString() => Text;
}
